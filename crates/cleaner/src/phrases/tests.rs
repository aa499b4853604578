use super::*;

#[test]
fn lines_of_forms_are_known_in_many_languages() {
    for line in [
        "Leave a Reply",
        "Leave a Reply Cancel reply",
        "Leave a Reply to Jane Q. Public Cancel reply",
        "Your email address will not be published. Required fields are marked *",
        "Your email address will not be published. Required fields are marked * Comment * Name * Email * Website",
        "Save my name, email, and website in this browser for the next time I comment.",
        "This site uses Akismet to reduce spam. Learn how your comment data is processed.",
        "Fill in your details below or click an icon to log in: Email (required) (Address never made public) Name (required) Website",
        "Deine E-Mail-Adresse wird nicht veröffentlicht. Erforderliche Felder sind mit * markiert",
        "Schreibe einen Kommentar Antwort abbrechen",
        "Votre adresse e-mail ne sera pas publiée. Les champs obligatoires sont indiqués avec *",
        "Tu dirección de correo electrónico no será publicada. Los campos obligatorios están marcados con *",
        "O seu endereço de e-mail não será publicado. Campos obrigatórios são marcados com *",
        "Il tuo indirizzo email non sarà pubblicato. I campi obbligatori sono contrassegnati *",
        "Je e-mailadres wordt niet gepubliceerd. Vereiste velden zijn gemarkeerd met *",
        "Twój adres e-mail nie zostanie opublikowany. Wymagane pola są oznaczone *",
        "Ваш адрес email не будет опубликован. Обязательные поля помечены *",
        "メールアドレスが公開されることはありません。 ※ が付いている欄は必須項目です",
        "您的邮箱地址不会被公开。 必填项已用 * 标注",
        "האימייל לא יוצג באתר. שדות החובה מסומנים *",
    ] {
        assert!(reply_form(line), "{line}");
    }
}

#[test]
fn sentences_that_quote_a_phrase_survive() {
    for line in [
        "The box said “Leave a Reply”, and thousands did before noon.",
        "“Your email address will not be published,” the notice promised; a week later it was.",
        "Share prices fell after the company said it would print more.",
        "Related companies in the region have reported similar losses.",
        "Comments by the minister drew sharp criticism from the opposition.",
        "Subscribe to the theory that markets are efficient and you will be poor.",
        "Teilen macht reich, sagte der Pfarrer am Sonntag.",
        "Response to the flood was slow.",
        "Werbung wirkt, wenn sie ehrlich ist.",
        "Advertising revenue rose by 3 percent.",
        "J’aime le vin rouge et la mer.",
    ] {
        assert_eq!(furniture(line), None, "{line}");
    }
}

#[test]
fn kinds_are_told_apart() {
    for (line, kind) in [
        ("3 thoughts on “A Walk in the Snow”", Furniture::Comments),
        ("12 Comments", Furniture::Comments),
        ("Click to share on Twitter (Opens in new window)", Furniture::Share),
        ("Share this: Twitter Facebook", Furniture::Share),
        ("Lesen Sie auch: Der Kanzler und sein Hund", Furniture::Related),
        ("READ MORE: Ten dead in mine", Furniture::Related),
        ("Das könnte Sie auch interessieren", Furniture::Related),
        ("Sign up for our newsletter", Furniture::Newsletter),
        ("We use cookies to improve your experience. Accept all", Furniture::Consent),
        ("Subscribe to continue reading", Furniture::Paywall),
        ("Advertisement", Furniture::Advertisement),
    ] {
        assert_eq!(furniture(line), Some(kind), "{line}");
    }
}

#[test]
fn fields_count_only_after_a_form() {
    assert!(form_field("Name *") && form_field("E-Mail *") && form_field("Website"));
    assert!(!form_field("Name the animals") && !form_field("*"));
    assert_eq!(furniture("Name *"), None);
}

#[test]
fn the_phrases_that_the_scorer_calls_leaks_are_furniture() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/tools/score_extraction.py");
    let Ok(scorer) = std::fs::read_to_string(path) else {
        println!("skipped: no {path}");
        return;
    };
    let (_, table) = scorer.split_once("LEAK_PHRASES = {").unwrap();
    let (table, _) = table.split_once("\n}").unwrap();
    let phrases: Vec<&str> = table
        .lines()
        .filter(|line| line.starts_with("        "))
        .flat_map(|line| line.split('"').skip(1).step_by(2))
        .collect();
    assert!(phrases.len() > 60, "{}", phrases.len());
    for phrase in phrases {
        assert!(furniture(phrase).is_some(), "{phrase}");
    }
}

#[test]
fn every_listed_phrase_is_furniture_by_itself() {
    let mut listed = 0;
    for line in include_str!("../phrases.txt").lines() {
        if line.is_empty() || line.starts_with(['#', '[', '~', ':', '?']) {
            continue;
        }
        assert!(furniture(line).is_some(), "{line}");
        listed += 1;
    }
    assert!(listed > 1000, "{listed}");
}
