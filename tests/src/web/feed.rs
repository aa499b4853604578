//! Feeds in every format that is read.

use std::fmt::Write;

use super::Answer;

/// One thing that a feed announces.
#[derive(Debug, Clone)]
pub struct Item {
    /// Its headline; must need no escaping.
    pub title: String,
    /// Where it is.
    pub url: String,
}

/// The formats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS 0.91 as Netscape had it.
    Rss091,
    /// RSS 1.0, that is RDF.
    Rss10,
    /// RSS 2.0.
    Rss20,
    /// Atom 1.0, RFC 4287.
    Atom,
    /// JSON Feed 1.1.
    Json,
}

impl Format {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rss091, Self::Rss10, Self::Rss20, Self::Atom, Self::Json];

    /// A feed of `items`, with its media type.
    pub fn answer(self, items: &[Item]) -> Answer {
        let (content_type, body) = match self {
            Self::Rss091 => ("text/xml", rss091(items)),
            Self::Rss10 => ("application/rdf+xml", rss10(items)),
            Self::Rss20 => ("application/rss+xml; charset=utf-8", rss20(items)),
            Self::Atom => ("application/atom+xml", atom(items)),
            Self::Json => ("application/feed+json", json(items)),
        };
        Answer::ok(content_type, body)
    }
}

/// `item` for each of them; writing to a string cannot fail.
fn each(items: &[Item], item: impl Fn(&mut String, &Item) -> std::fmt::Result) -> String {
    let mut out = String::new();
    for one in items {
        let _ = item(&mut out, one);
    }
    out
}

fn rss091(items: &[Item]) -> String {
    let items = each(items, |out, Item { title, url }| {
        writeln!(out, "<item><title>{title}</title><link>{url}</link></item>")
    });
    format!(
        "<?xml version=\"1.0\"?>\n<!DOCTYPE rss PUBLIC \"-//Netscape Communications//DTD RSS \
         0.91//EN\" \"http://my.netscape.com/publish/formats/rss-0.91.dtd\">\n\
         <rss version=\"0.91\"><channel><title>Old news</title>\
         <link>http://old.example/</link><description>Since 1999</description>\
         <language>en-us</language>\n{items}</channel></rss>\n"
    )
}

fn rss10(items: &[Item]) -> String {
    let sequence = each(items, |out, item| write!(out, "<rdf:li resource=\"{}\"/>", item.url));
    let items = each(items, |out, Item { title, url }| {
        writeln!(out, "<item rdf:about=\"{url}\"><title>{title}</title><link>{url}</link></item>")
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\" \
         xmlns=\"http://purl.org/rss/1.0/\"><channel rdf:about=\"http://rdf.example/\">\
         <title>Graph of news</title><link>http://rdf.example/</link><description>Triples\
         </description><items><rdf:Seq>{sequence}</rdf:Seq></items></channel>\n{items}</rdf:RDF>\n"
    )
}

fn rss20(items: &[Item]) -> String {
    let items = each(items, |out, Item { title, url }| {
        writeln!(
            out,
            "<item><title><![CDATA[{title}]]></title><link>{url}</link>\
             <guid isPermaLink=\"false\">tag:{url}</guid>\
             <pubDate>Tue, 05 Mar 2024 10:00:00 +0100</pubDate></item>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel><title>News</title>\
         <link>http://rss.example/</link><description>All of it</description>\
         <ttl>30</ttl>\n{items}</channel></rss>\n"
    )
}

fn atom(items: &[Item]) -> String {
    let items = each(items, |out, Item { title, url }| {
        writeln!(
            out,
            "<entry><id>{url}</id><title type=\"html\">{title}</title>\
             <link rel=\"edit\" href=\"http://atom.example/edit\"/>\
             <link rel=\"alternate\" type=\"text/html\" href=\"{url}\"/>\
             <updated>2024-03-05T09:00:00Z</updated></entry>"
        )
    });
    format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n\
         <feed xmlns=\"http://www.w3.org/2005/Atom\"><id>urn:example:atom</id>\
         <title>Atoms</title><updated>2024-03-05T09:00:00Z</updated>\n{items}</feed>\n"
    )
}

fn json(items: &[Item]) -> String {
    let items: Vec<_> = items
        .iter()
        .map(|Item { title, url }| {
            serde_json::json!({ "id": url, "url": url, "title": title, "content_text": title })
        })
        .collect();
    serde_json::json!({
        "version": "https://jsonfeed.org/version/1.1",
        "title": "News in braces",
        "items": items,
    })
    .to_string()
}
