//! The attributes that anybody reads; the parser forgets the others, which are most: addresses of
//! images, data for scripts, measures.

use html5ever::{LocalName, local_name};

macro_rules! attribute_names {
    ($($variant:ident $name:tt)*) => {
        /// An attribute that is read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum AttributeName {
            $(#[doc = concat!("`", $name, "`")] $variant,)*
            /// `pubdate`
            PubDate,
            /// `amp` or `⚡`
            Amp,
        }

        impl AttributeName {
            /// The attribute of this name in small letters, if it is read.
            pub fn named(name: &str) -> Option<Self> {
                Some(match name {
                    $($name => Self::$variant,)*
                    "pubdate" => Self::PubDate,
                    "amp" | "⚡" => Self::Amp,
                    _ => return None,
                })
            }

            /// The same for a name of the parser.
            pub(crate) fn of(name: &LocalName) -> Option<Self> {
                match *name {
                    $(local_name!($name) => Some(Self::$variant),)*
                    _ => Self::named(name),
                }
            }

            /// The name as pages write it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::PubDate => "pubdate",
                    Self::Amp => "amp",
                }
            }

            /// The name as the parser wants it.
            pub(crate) fn local_name(self) -> LocalName {
                match self {
                    $(Self::$variant => local_name!($name),)*
                    Self::PubDate | Self::Amp => LocalName::from(self.as_str()),
                }
            }
        }
    };
}

attribute_names! {
    Class "class"
    Id "id"
    Href "href"
    Style "style"
    Title "title"
    Type "type"
    Rel "rel"
    Name "name"
    Content "content"
    Property "property"
    ItemProp "itemprop"
    Role "role"
    Hidden "hidden"
    AriaHidden "aria-hidden"
    DateTime "datetime"
    HttpEquiv "http-equiv"
    Lang "lang"
    XmlLang "xml:lang"
}
