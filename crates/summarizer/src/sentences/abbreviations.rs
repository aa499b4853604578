//! Words that end with a point, and words that tell what the point means.

/// What the point after an abbreviation can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Abbreviation {
    /// Never the end of a sentence: "Mr.", "z.B.".
    Never,
    /// The end unless a number follows: "No. 5".
    BeforeNumber,
    /// The end only after a number: "2020 г." against "г. Москва".
    AfterNumber,
    /// The end where a common first word follows: "Inc. The" against "Inc. shares".
    Maybe,
    /// A time of day: the end unless a zone or a day follows.
    Time,
}

/// How `word` (without its last point) is abbreviated, if it is. Case counts: "Sun." is a day,
/// "sun." ends a sentence.
pub(super) fn abbreviation(word: &str) -> Option<Abbreviation> {
    use Abbreviation::{AfterNumber, BeforeNumber, Maybe, Never, Time};
    Some(match word {
        // English.
        "Mr" | "Mrs" | "Ms" | "Mx" | "Dr" | "Drs" | "Prof" | "Gen" | "Lt" | "Col" | "Maj"
        | "Capt" | "Cmdr" | "Cpl" | "Sgt" | "Pvt" | "Adm" | "Gov" | "Sen" | "Sens" | "Rep"
        | "Reps" | "Rev" | "Hon" | "Pres" | "Supt" | "Det" | "Insp" | "Atty" | "Messrs" | "Pfc"
        | "Brig" | "vs" | "e.g" | "i.e" | "cf" | "viz" | "approx" | "Spc" | "Asst" | "Dept"
        | "al" => Never,
        "No" | "Nos" | "no" | "nos" | "Vol" | "vol" | "Ch" | "Sec" | "Fig" | "fig" | "pp" | "p"
        | "Art" | "art" | "Op" | "ch" => BeforeNumber,
        "St" | "Ste" | "Mt" | "Ft" | "Inc" | "Corp" | "Co" | "Cos" | "Ltd" | "Bros" | "LLC"
        | "plc" | "Jr" | "Sr" | "Esq" | "Ave" | "Blvd" | "Rd" | "Hwy" | "Sq" | "Univ" | "Assn"
        | "etc" | "est" | "ft" | "oz" | "lb" | "lbs" | "Jan" | "Feb" | "Mar" | "Apr" | "Aug"
        | "Sep" | "Sept" | "Oct" | "Nov" | "Dec" | "Mon" | "Tue" | "Tues" | "Wed" | "Thu"
        | "Thur" | "Thurs" | "Fri" | "Sat" | "Ala" | "Ariz" | "Ark" | "Calif" | "Colo" | "Conn"
        | "Del" | "Fla" | "Ga" | "Ill" | "Ind" | "Kan" | "Ky" | "La" | "Md" | "Mich" | "Minn"
        | "Mo" | "Neb" | "Nev" | "Okla" | "Ore" | "Pa" | "Tenn" | "Tex" | "Va" | "Vt" | "Wash"
        | "Wis" | "Wyo" | "Ph.D" | "Mass" | "Miss" | "Mont" => Maybe,
        "a.m" | "p.m" | "A.M" | "P.M" => Time,
        // German and Dutch.
        "z.B" | "z" | "d.h" | "u.a" | "i.d.R" | "o.ä" | "u.U" | "v.a" | "bzw" | "ca" | "Hr"
        | "Hrn" | "Fr" | "Dipl" | "Ing" | "Mio" | "Mrd" | "evtl" | "ggf" | "inkl" | "zzgl"
        | "sog" | "Dhr" | "Mevr" | "Ca" | "vgl" | "geb" | "gest" | "Abs" | "Bd" | "Tsd" | "dhr"
        | "mevr" | "bijv" | "o.a" | "d.w.z" | "ds" | "drs" | "jl" | "mw" | "mr" | "dr" | "prof" => {
            Never
        }
        "Nr" | "nr" | "Kap" | "Ziff" | "S" => BeforeNumber,
        "Str" | "str" | "usw" | "usf" | "e.V" | "enz" => Maybe,
        // French, Spanish, Portuguese, Italian.
        "MM" | "Mme" | "Mmes" | "Mlle" | "Mgr" | "Me" | "p.ex" | "env" | "av" | "boul" | "Sra"
        | "Sras" | "Sres" | "Srta" | "Dra" | "Dña" | "Gral" | "Lic" | "Arq" | "p.ej" | "Excmo"
        | "Exmo" | "Exma" | "Av" | "Avda" | "sig" | "sigg" | "dott" | "avv" | "ing" | "on"
        | "arch" | "Sig" | "Dott" | "Avv" | "On" | "Ud" | "Uds" | "Vd" | "Profa" => match word {
            // English words that these lists would swallow.
            "on" | "On" | "Me" => return None,
            _ => Never,
        },
        "núm" | "Núm" | "pág" | "págs" | "pag" | "num" | "cap" | "tel" | "Tel" | "tél" => {
            BeforeNumber
        }
        "ecc" | "EE.UU" | "a.C" | "d.C" => Maybe,
        // Polish.
        "ul" | "tzn" | "m.in" | "np" | "św" | "im" | "tys" | "tzw" | "ws" | "al." | "pl"
        | "gen" | "ks" | "inż" | "mgr" | "hab" | "red" | "godz" | "ok" => match word {
            "ok" | "gen" | "red" | "im" => return None,
            _ => Never,
        },
        "r" => AfterNumber,
        // Russian and Ukrainian.
        "ул" | "им" | "т.е" | "т.к" | "т.н" | "т.ч" | "тыс" | "млн" | "млрд" | "трлн" | "проф"
        | "акад" | "доц" | "ген" | "см" | "ср" | "гр" | "напр" | "просп" | "пр" | "пл" | "обл"
        | "р-н" | "пос" | "св" | "о-в" | "тов" | "вул" | "тис" => Never,
        "стр" | "ст" | "гл" | "рис" | "табл" | "п" | "пп" | "д" | "кв" | "корп" => {
            BeforeNumber
        }
        "г" | "гг" | "в" | "вв" | "руб" | "коп" | "чел" | "долл" | "р" | "н.э" => {
            AfterNumber
        }
        "т.д" | "т.п" | "др" | "пр-т" => Maybe,
        _ => return None,
    })
}

/// What may follow a time of day within its sentence.
pub(super) fn goes_with_time(next: &str) -> bool {
    let zone = next.len() <= 4 && next.len() >= 2 && next.bytes().all(|b| b.is_ascii_uppercase());
    let day = matches!(
        next,
        "Monday" | "Tuesday" | "Wednesday" | "Thursday" | "Friday" | "Saturday" | "Sunday"
    );
    let region = matches!(
        next,
        "Eastern"
            | "Pacific"
            | "Central"
            | "Mountain"
            | "Greenwich"
            | "London"
            | "Paris"
            | "Moscow"
    );
    zone || day || region || is_month(next)
}

/// Names of months that are written with a capital after a day's ordinal, or in lower case.
pub(super) fn is_month(word: &str) -> bool {
    matches!(
        word,
        "Januar"
            | "Jänner"
            | "Februar"
            | "März"
            | "April"
            | "Mai"
            | "Juni"
            | "Juli"
            | "August"
            | "September"
            | "Oktober"
            | "November"
            | "Dezember"
            | "January"
            | "February"
            | "March"
            | "May"
            | "June"
            | "July"
            | "October"
            | "December"
            | "Marts"
            | "Maj"
    )
}

/// Words before which a number with a point is an ordinal: "am 3. Oktober", "der 2. Weltkrieg".
pub(super) fn is_ordinal_lead(word: &str) -> bool {
    matches!(
        word,
        "am" | "Am"
            | "der"
            | "Der"
            | "dem"
            | "Dem"
            | "den"
            | "Den"
            | "des"
            | "Des"
            | "die"
            | "Die"
            | "das"
            | "Das"
            | "im"
            | "Im"
            | "vom"
            | "Vom"
            | "zum"
            | "Zum"
            | "zur"
            | "Zur"
            | "beim"
            | "Beim"
            | "ihr"
            | "ihre"
            | "ihren"
            | "ihrem"
            | "ihrer"
            | "sein"
            | "seine"
            | "seinen"
            | "seinem"
            | "seiner"
            | "jeden"
            | "jeder"
            | "jedes"
            | "einen"
            | "ein"
            | "eine"
            | "ins"
            | "diesem"
            | "dieser"
            | "den."
            | "til"
            | "kl"
    )
}

/// Words that commonly begin a sentence and seldom continue a name.
pub(super) fn is_starter(word: &str) -> bool {
    matches!(
        word,
        // English.
        "The" | "A" | "An" | "He" | "She" | "It" | "They" | "We" | "I" | "You" | "This" | "That"
            | "These" | "Those" | "There" | "In" | "On" | "At" | "But" | "And" | "Or" | "So"
            | "However" | "If" | "When" | "While" | "After" | "Before" | "As" | "For" | "From"
            | "His" | "Her" | "Its" | "Their" | "Our" | "My" | "Your" | "What" | "Who" | "Why"
            | "How" | "Where" | "Which" | "Since" | "Until" | "With" | "Without" | "By" | "To"
            | "Not" | "No" | "Yes" | "Now" | "Then" | "Also" | "Although" | "Though" | "Because"
            | "Some" | "Many" | "Most" | "Both" | "All" | "Each" | "Every" | "Another" | "Other"
            | "Others" | "One" | "Two" | "Three" | "During" | "Despite" | "According" | "Under"
            | "Over" | "Earlier" | "Later" | "Last" | "Meanwhile" | "Still" | "Yet" | "Even"
            | "Only" | "Just" | "Here" | "Once" | "Nearly" | "About" | "More" | "It's" | "He's"
            | "She's" | "That's" | "There's" | "They're" | "We're" | "I'm" | "Police"
            | "Officials" | "Authorities" | "Asked" | "Among"
        // German, Dutch.
            | "Der" | "Die" | "Das" | "Er" | "Sie" | "Es" | "Ein" | "Eine" | "Im" | "Am" | "Und"
            | "Aber" | "Doch" | "Auch" | "Wir" | "Ich" | "Nach" | "Bei" | "Mit" | "Seit" | "Wenn"
            | "Dabei" | "Dieser" | "Diese" | "Dieses" | "Für" | "Von" | "Zu" | "De" | "Het"
            | "Een" | "Hij" | "Zij" | "Maar" | "Van"
        // French, Spanish, Portuguese, Italian.
            | "Le" | "Les" | "Il" | "Elle" | "Ils" | "Elles" | "Un" | "Une" | "Ce" | "Cette" | "Et"
            | "Mais" | "Dans" | "En" | "Pour" | "Après" | "El" | "Los" | "Las" | "Una" | "Y" | "Pero"
            | "Por" | "Según" | "Su" | "Este" | "Esta" | "O" | "Os" | "Um" | "Uma" | "Ele"
            | "Ela" | "Mas" | "Gli" | "Lo" | "È" | "Ma" | "Nel" | "Nella"
        // Russian, Ukrainian, Polish.
            | "Он" | "Она" | "Они" | "Оно" | "Это" | "В" | "На" | "И" | "Но" | "По" | "Как" | "При"
            | "Мы" | "Я" | "С" | "А" | "Однако" | "Также" | "Для" | "Его" | "Её" | "Их" | "У" | "Він"
            | "Вона" | "Вони" | "Це" | "Jest" | "W" | "Na" | "Po" | "Ale" | "Jak"
    )
}
