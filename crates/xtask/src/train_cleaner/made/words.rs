//! Words of our own for the pieces that are put into pages.

/// Paragraphs that ask the reader for something.
pub(super) const APPEALS: [&str; 28] = [
    "Get the best of our reporting in your inbox every morning. Sign up here.",
    "If you value what we do, please consider a small donation. Every contribution keeps us going.",
    "Follow us on Facebook, Twitter and Instagram for the latest updates.",
    "Download our free app for iOS and Android.",
    "Want more stories like this? Subscribe to our weekly newsletter.",
    "Have a tip for us? Write to tips@paper.example or call the desk.",
    "We may earn a commission when you buy through links on our site.",
    "This story was first published in our print edition. Subscribe for full access.",
    "Click here to watch the video.",
    "Join thousands of readers who get our briefing for free. Unsubscribe at any time.",
    "All rights reserved. No part of this article may be reproduced without written permission.",
    "Your support lets us stay independent and free for everybody. Become a member today.",
    "Send your letters to the editor through this form.",
    "Advertise with us and reach two million readers a month.",
    "Jetzt den Newsletter abonnieren und nichts mehr verpassen.",
    "Hat Ihnen dieser Artikel gefallen? Dann unterstützen Sie uns mit einer Spende.",
    "Folgen Sie uns auf Facebook und Twitter.",
    "Mit Material der Nachrichtenagenturen. Alle Angaben ohne Gewähr.",
    "Dieser Beitrag enthält Affiliate-Links. Wenn du darüber einkaufst, erhalten wir eine Provision.",
    "Suscríbete a nuestro boletín y recibe las noticias cada mañana.",
    "Síguenos en nuestras redes y entérate de todo al momento.",
    "¿Tienes una historia que contar? Escríbenos a la redacción.",
    "Inscrivez-vous à notre lettre d'information pour ne rien manquer.",
    "Soutenez un journalisme indépendant : faites un don.",
    "Inscreva-se no nosso canal e receba as novidades todos os dias.",
    "Clique aqui e confira a programação completa da temporada.",
    "Iscriviti alla newsletter per restare sempre aggiornato.",
    "Zapisz się do newslettera i bądź na bieżąco.",
];

/// Closing words: a line over them, or none, and the words. `{name}` and `{company}` are filled in.
pub(super) const ABOUT: [(&str, &str); 18] = [
    (
        "About {company}",
        "{company} is a global provider of software and services for the energy industry. Founded in 1998, the company employs around 2,400 people in 15 countries and is listed on the stock exchange. Its products help utilities to plan, build and run their networks.",
    ),
    (
        "About {company}:",
        "Headquartered in Basel, {company} develops solutions for hospitals and care homes. Its mission is to close gaps in digital information and so to enable the best decisions, anytime and anywhere.",
    ),
    (
        "About the author",
        "{name} is a reporter at this paper and covers politics and the courts. She joined us in 2014 from the evening edition.",
    ),
    (
        "",
        "{name} is a freelance writer who lives by the sea. His work has appeared in several magazines, and his second book comes out in the autumn.",
    ),
    ("", "{name} writes about technology and money. Follow her on Twitter @{company}."),
    ("", "{name} contributed to this report."),
    ("Media contact", "{name}, press office, +41 44 555 01 02, press@{company}.example"),
    ("Contact:", "{name}, {company}, phone 020 7946 0102, e-mail media@{company}.example"),
    (
        "About the Institute",
        "The {company} Institute studies oceans and climate. It was founded in 1962, works with partners on four continents and is funded by the state and by private gifts.",
    ),
    (
        "Disclaimer",
        "The opinions expressed here are those of the writer and do not necessarily reflect the position of {company}.",
    ),
    (
        "Über {company}",
        "{company} ist ein führender Anbieter von Lösungen für Handel und Logistik. Das Unternehmen wurde 1987 gegründet, beschäftigt 900 Menschen an sechs Standorten und liefert in dreißig Länder.",
    ),
    (
        "Über den Autor",
        "{name} arbeitet seit 2009 als Redakteur und schreibt über Wirtschaft und Verkehr. Er lebt mit seiner Familie in Kassel.",
    ),
    ("Pressekontakt", "{company}, {name}, Telefon 0561 555 010, presse@{company}.example"),
    (
        "Acerca de {company}",
        "{company} es una empresa líder en servicios digitales con presencia en doce países y más de tres mil empleados. Cotiza en bolsa desde 2011.",
    ),
    (
        "Sobre o autor",
        "{name} é pai de dois filhos, professor e coordenador pedagógico, e escreve sobre educação desde 2012.",
    ),
    (
        "Sobre a {company}",
        "A {company} é uma empresa de tecnologia com sede em Lisboa que desenvolve soluções para bancos e seguradoras em toda a Europa.",
    ),
    (
        "À propos de {company}",
        "{company} est un acteur majeur des services numériques. Fondé en 1994, le groupe emploie 1 200 personnes dans neuf pays.",
    ),
    (
        "L'autore",
        "{name} scrive di cultura e spettacolo. Collabora con diverse riviste e insegna all'università.",
    ),
];
