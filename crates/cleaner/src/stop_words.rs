//! Words that tell what a block is: the commonest little words of the languages that news is
//! written in (running text is full of them, menus and lists are not), words of appeals to the
//! reader, and words of credits.

use crate::hash::hash;

/// About thirty a language; a word that several languages share stands once.
const WORDS: &str = "\
the of and to in a is that for it was on with as be at by this are from or an have not but has he \
his they which will their been were who more its had one would about we you she her our your can all \
der die und das den von zu mit sich des auf für ist im dem nicht ein eine als auch es an werden aus er \
hat dass sie nach wird bei einer um am sind noch wie einem über einen so zum war haben nur oder aber \
vor zur bis mehr durch man ich wir ihr uns wenn kann was diese dieser keine sein \
de la le et les des en un une du que est pour qui dans par sur au pas plus ne se ce il sont avec son \
ont cette ou aux mais sa nous vous elle leur été comme fait ces \
el los las y por con para una del no se su al lo como más pero sus le ha este o sí porque esta entre \
cuando muy sin sobre también hasta hay \
o e da do em um para com não uma os na no as mais dos por como mas foi ao ele das à seu sua ou ser \
quando muito há nos já está eu também só pelo pela até isso \
di il che la per non sono del della un una con le da è ma si dei alla nel più anche gli come al lo \
delle questo ha degli dal nella \
het een van ik te dat die niet zijn op aan met voor er maar om hem dan zou wat mijn men dit zo door \
over ze zich bij ook tot je mij uit naar heb hoe heeft worden deze nog wordt \
w i z na się do nie że to jest o jak za po co od tak jego ale przez dla są oraz także tym był być \
och att det som på är av för med den till inte om ett han men var jag sig från vi så kan när år säger \
hon skulle dem efter hade \
og at af er til ikke med hun han har de vil fra kan eller hvor blev efter også være sin men blir \
på som ble etter mot ved seg \
ja on ei että se oli hän mutta ovat niin kun kuin myös sen joka ole mukaan \
a se na v že je s z do o i ve to k pro za jsou ale po by jako od co podle \
az és hogy nem is egy meg de van ez ha már csak volt még \
și în cu nu pe este la mai din care sunt fost pentru ca \
ve bir bu da için ile çok olarak daha olan gibi ne kadar sonra \
и в не на что я с он как это по но из у за от так же для мы они к была было был его или ее а о об \
и на се да за от не са със по ще като това който \
і та що до на не за з у як це про від \
και το να του η της με για που την από στο είναι τα οι ότι \
yang dan di dari untuk dengan ini itu pada tidak adalah dalam akan oleh \
của và là có được cho không một trong những với các \
في من على أن إلى عن التي الذي هذا مع ما لا كان بعد قد هذه \
של את על לא כי הוא עם זה היא גם אל \
के में की है और को से का पर यह ने";

/// Words of lines that want something of the reader: to subscribe, to give, to follow.
const APPEALS: &str = "\
subscribe subscription subscriber newsletter newsletters donate donation donations contribute patreon \
paypal signup tips follow facebook twitter instagram whatsapp telegram youtube inbox click download \
advertise sponsor sponsored membership unsubscribe podcast app \
abonnieren abonnement abo spenden spende anmelden folgen folgt teilen bestellen klicken kostenlos \
abonnez abonner inscrivez suivez cliquez soutenez dons partager gratuit \
suscríbete suscribirse donar síguenos compartir boletín haz clic \
assine inscreva siga compartilhe doe clique iscriviti abbonati seguici condividi clicca dona \
abonneer volg schrijf zapisz subskrybuj udostępnij prenumerera följ подписывайтесь подпишитесь";

/// Words of lines that say whose picture or text it is.
const CREDITS: &str = "\
photo photos photograph photography image images picture credit credits courtesy getty reuters ap afp \
shutterstock copyright reserved rights licence license licensed creative commons wikimedia flickr \
syndicated republish contributed reporting editing edited source sources disclaimer disclosure file \
foto fotos bild bilder quelle quellen rechte urheberrecht dpa imago lizenz bildquelle bildnachweis \
crédit crédits droits réservés fotografía imagen fuente derechos imagem fonte direitos immagine \
diritti bron beeld zdjęcie fot źródło фото источник";

const SLOTS: usize = 4096;

/// What a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    Stop,
    Appeal,
    Credit,
}

/// The words as an open-addressed table from hash to class; the first class counts.
pub(crate) struct StopWords {
    slots: Vec<(u64, Class)>,
}

impl StopWords {
    pub(crate) fn get() -> &'static Self {
        static STOP_WORDS: std::sync::OnceLock<StopWords> = std::sync::OnceLock::new();
        STOP_WORDS.get_or_init(|| {
            let mut slots = vec![(0, Class::Stop); SLOTS];
            let of = |class, words: &'static str| words.split_whitespace().map(move |w| (class, w));
            let all = of(Class::Stop, WORDS)
                .chain(of(Class::Appeal, APPEALS))
                .chain(of(Class::Credit, CREDITS));
            for (class, word) in all {
                let key = hash(word.as_bytes());
                let mut at = key as usize % SLOTS;
                while slots[at].0 != 0 && slots[at].0 != key {
                    at = (at + 1) % SLOTS;
                }
                if slots[at].0 == 0 {
                    slots[at] = (key, class);
                }
            }
            StopWords { slots }
        })
    }

    /// The class of the word with this hash.
    pub(crate) fn class(&self, key: u64) -> Option<Class> {
        let mut at = key as usize % SLOTS;
        while self.slots[at].0 != 0 {
            if self.slots[at].0 == key {
                return Some(self.slots[at].1);
            }
            at = (at + 1) % SLOTS;
        }
        None
    }
}
