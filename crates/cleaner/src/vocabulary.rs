//! What the words in class and id attributes say about an element, as a set of hints.
//!
//! Names are split into words at everything that is no letter and at capitals inside
//! (`relatedPosts`, `c-article__body`), and whole words are looked up: `author-john` is no
//! advertisement and `newspaper-x` no navigation.

use crate::hash::hash;

/// The hints, by bit number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Hint {
    Comment,
    Share,
    Related,
    Navigation,
    Side,
    Foot,
    Advert,
    Caption,
    Byline,
    Newsletter,
    Hidden,
    Tags,
    Body,
    Title,
    Lead,
    Card,
    Bio,
    Consent,
    Gallery,
    Widget,
    Legal,
    Quote,
    Header,
    Login,
    Date,
    Product,
    List,
    /// A box of software that asks for consent, by its maker's name. The model does not see it.
    ConsentBox,
}

/// How many hints the model sees: those before [`Hint::ConsentBox`].
pub(crate) const HINTS: usize = Hint::ConsentBox as usize;

/// A set of [`Hint`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Hints(pub u32);

impl Hints {
    pub(crate) fn has(self, hint: Hint) -> bool {
        self.0 & (1 << hint as u32) != 0
    }

    /// The bits that the model sees.
    pub(crate) fn seen(self) -> u32 {
        self.0 & ((1 << HINTS) - 1)
    }

    pub(crate) fn add(&mut self, hint: Hint) {
        self.0 |= 1 << hint as u32;
    }
}

/// Words of each hint, in English and the languages whose sites name their classes in their own.
const WORDS: &[(Hint, &str)] = &[
    (
        Hint::Comment,
        "comment comments commentlist commento kommentar kommentare commentaires \
         comentarios respond reply replies disqus discussion talkback livefyre coral jdgm yotpo bazaarvoice leserbriefe \
         reacties reaction reactions commenter commentform feedback usercomment",
    ),
    (
        Hint::Share,
        "share sharing shares sharedaddy social socials addthis addtoany sharethis shariff teilen \
         facebook twitter whatsapp pinterest linkedin tweet like likes partager follow follows \
         socialmedia bookmark bookmarks sharebar sociable",
    ),
    (
        Hint::Related,
        "related relateds recommended recommend recommendation recommendations recirc \
         recirculation more morefrom readmore similar suggested suggestions popular trending \
         outbrain taboola zergnet mostread mostpopular further weitere verwandte aehnliche \
         relacionadas relacionados correlati upnext next previous prev latest onward trends \
         jetpack yarpp crp mehr siehe also inline",
    ),
    (
        Hint::Navigation,
        "nav navi navigation navbar menu menus submenu breadcrumb breadcrumbs breadcrump pagination \
         pager paging pages skip toc topbar subnav mainnav megamenu hamburger sitemap anchor jump \
         tabs tab toolbar tools navigate brotkrumen",
    ),
    (
        Hint::Side,
        "side sidebar aside rail rightcol rightcolumn leftcol right left secondary complementary marginal seitenleiste sidebars sticky col2",
    ),
    (Hint::Foot, "foot footer footers bottom colophon fuss footnote postfooter impressum credits"),
    (
        Hint::Advert,
        "ad ads adv advert adverts advertisement advertising adsense adslot adunit adbox banner \
         banners sponsor sponsored sponsors promo promos promotion promoted dfp gpt anzeige anzeigen \
         werbung publicidad pub affiliate commercial adcontainer adwrapper teads criteo marketing",
    ),
    (
        Hint::Caption,
        "caption captions wp-caption figcaption legend legende bildunterschrift credit photocredit imagecredit copyright bu photo image picture img media bild foto figure",
    ),
    (
        Hint::Byline,
        "byline bylines author authors autor autoren writer reporter dateline kicker by vcard journalist verfasser publisher overline eyebrow",
    ),
    (
        Hint::Newsletter,
        "newsletter newsletters subscribe subscription subscriptions subscriber signup optin mailing mailchimp \
         email mail abo abonnement abonnieren inscription donate donation donations support membership join cta spenden mc4wp",
    ),
    (
        Hint::Hidden,
        "hidden hide modal popup popups popover tooltip tooltips overlay lightbox dialog rollover offscreen \
         visuallyhidden invisible print noprint printonly collapsed dropdown flyout fancybox hovercard noscript",
    ),
    (
        Hint::Tags,
        "tag tags tagcloud category categories cat cats topic topics keywords schlagworte label labels hashtags \
         postmeta entrymeta meta metadata metas info infos stats filed rubrik themen terms taxonomy",
    ),
    (
        Hint::Body,
        "article articles articlebody story storybody storytext entry entrycontent content contents body bodytext \
         post postbody postcontent text copy richtext prose main maincontent paragraph paragraphs artikel beitrag \
         inhalt texte contenu contenido noticia cuerpo contenuto fliesstext wysiwyg blogpost readable hentry articletext",
    ),
    (
        Hint::Title,
        "title headline titles headlines heading hed ueberschrift titel titre titulo titolo subtitle subhead subheadline dek deck",
    ),
    (
        Hint::Lead,
        "lead lede intro introduction summary standfirst excerpt abstract description vorspann sapo chapo sommario entradilla teasertext perex ingress",
    ),
    (
        Hint::Card,
        "card cards teaser teasers tile tiles item items grid loop stream feed river river listing preview \
         snippet thumb thumbnail thumbnails box boxes block promo module bloglist masonry",
    ),
    (
        Hint::Bio,
        "bio biography team authorbio authorbox authorinfo about profile profil aboutauthor contributor contact kontakt gravatar avatar user userinfo",
    ),
    (
        Hint::Consent,
        "cookie cookies consent gdpr dsgvo privacy datenschutz ccpa cmp onetrust cookiebar notice alert alerts warning",
    ),
    (
        Hint::ConsentBox,
        "cookiebanner cookienotice cookieconsent cookielaw cookiedeclaration cookiebot cybotcookiebot iubenda cli \
         coi moove borlabs usercentrics didomi cmplz cky tarteaucitron axeptio termly osano klaro",
    ),
    (
        Hint::Gallery,
        "gallery galleries galerie slideshow slider slide slides carousel swiper slick video player videos lightbox playlist audio podcast",
    ),
    (
        Hint::Widget,
        "widget widgets plugin embed embedded gadget component iframe shortcode ticker live poll quiz weather wetter horoscope",
    ),
    (
        Hint::Legal,
        "legal disclaimer copyright license licence lizenz rights imprint syndication correction corrections source sources quelle quellen attribution",
    ),
    (
        Hint::Quote,
        "quote quotes blockquote pullquote zitat pull callout testimonial highlight factbox infobox fact facts keypoints",
    ),
    (
        Hint::Header,
        "header head top masthead logo brand branding site sitename hero billboard kopf",
    ),
    (
        Hint::Login,
        "login signin register registration account paywall premium plus premiumcontent anmelden user password metered gate wall regwall meter search searchform suche recherche",
    ),
    (
        Hint::Date,
        "date time timestamp published datum pubdate updated datetime posted modified uhrzeit fecha data created dateline",
    ),
    (
        Hint::Product,
        "product products price prices preis shop cart buy rating ratings review stars checkout warenkorb sku offer offers deal deals amazon",
    ),
    (
        Hint::List,
        "list liste lists ul ol ingredients ingredient zutaten steps instructions recipe rezept directions method table tabelle accordion faq",
    ),
];

const SLOTS: usize = 2048;

/// The words as an open-addressed table from hash to hints.
pub(crate) struct Vocabulary {
    slots: Vec<(u64, Hints)>,
}

impl Vocabulary {
    pub(crate) fn get() -> &'static Self {
        static VOCABULARY: std::sync::OnceLock<Vocabulary> = std::sync::OnceLock::new();
        VOCABULARY.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut slots = vec![(0, Hints::default()); SLOTS];
        for (hint, words) in WORDS {
            for word in words.split_whitespace() {
                let key = hash(word.as_bytes());
                let mut at = key as usize % SLOTS;
                while slots[at].0 != 0 && slots[at].0 != key {
                    at = (at + 1) % SLOTS;
                }
                slots[at].0 = key;
                slots[at].1.add(*hint);
            }
        }
        Self { slots }
    }

    fn look_up(&self, word: &[u8]) -> Hints {
        let key = hash(word);
        let mut at = key as usize % SLOTS;
        loop {
            match self.slots[at] {
                (0, _) => return Hints::default(),
                (found, hints) if found == key => return hints,
                _ => at = (at + 1) % SLOTS,
            }
        }
    }

    /// The hints of one attribute value.
    pub(crate) fn hints(&self, names: &str) -> Hints {
        const LONGEST: usize = 24;
        let mut hints = Hints::default();
        let mut word = [0; LONGEST];
        let mut length = 0;
        let mut was_lower = false;
        // Class lists longer than this are generated and say nothing.
        let names = &names.as_bytes()[..names.len().min(400)];
        for &byte in names.iter().chain(b" ") {
            let letter = byte.is_ascii_alphabetic();
            if (!letter || (was_lower && byte.is_ascii_uppercase())) && length > 0 {
                if (2..=LONGEST).contains(&length) {
                    hints.0 |= self.look_up(&word[..length]).0;
                }
                length = 0;
            }
            if letter {
                if length < LONGEST {
                    word[length] = byte.to_ascii_lowercase();
                }
                length += 1;
            }
            was_lower = byte.is_ascii_lowercase();
        }
        hints
    }
}
