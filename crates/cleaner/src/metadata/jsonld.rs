//! What the JSON-LD of a page says about its article (schema.org).
//!
//! Bounds: scripts over 1 MiB and more than 32 of them are not read; serde_json refuses nesting
//! over 128, and at most 2000 nodes are looked at. Broken JSON is mended where sites commonly
//! break it (raw line breaks in strings, trailing commas, comment marks) and otherwise ignored.

use newsmill_article::Kind;
use serde_json::{Map, Value};

use super::text::clean;

/// Most bytes of one script.
const LONGEST_SCRIPT: usize = 1 << 20;
/// Most scripts of one page.
pub(super) const MOST_SCRIPTS: usize = 32;
/// Most nodes of all graphs.
const MOST_NODES: usize = 2000;
/// Most names, subjects and parts of one list.
const MOST_ITEMS: usize = 50;

/// What was found, of the node that is most of all the article.
#[derive(Debug, Default)]
pub(super) struct JsonLd {
    pub(super) headline: Option<String>,
    pub(super) authors: Vec<String>,
    /// Whether the authors are persons rather than organizations.
    pub(super) persons: bool,
    pub(super) published: Option<String>,
    pub(super) modified: Option<String>,
    pub(super) section: Option<String>,
    pub(super) tags: Vec<String>,
    pub(super) image: Option<String>,
    pub(super) publisher: Option<String>,
    /// The name of a `WebSite` node.
    pub(super) website: Option<String>,
    pub(super) language: Option<String>,
    pub(super) url: Option<String>,
    pub(super) description: Option<String>,
    pub(super) free: Option<bool>,
    pub(super) body: Option<String>,
    pub(super) kind: Option<Kind>,
    /// How good the node is.
    rank: u8,
}

/// Reads the scripts of a page, in order.
pub(super) fn read(scripts: &[String]) -> JsonLd {
    let mut found = JsonLd::default();
    let mut left = MOST_NODES;
    let values: Vec<Value> = scripts.iter().filter_map(|script| parse(script)).collect();
    let nodes = nodes(&values, &mut left);
    let mut best: Option<&Map<String, Value>> = None;
    for node in &nodes {
        let rank = rank(node);
        if rank > found.rank {
            found.rank = rank;
            best = Some(node);
        }
        if found.website.is_none() && has_type(node, &["WebSite"]) {
            found.website = string(node, "name");
        }
    }
    if let Some(node) = best {
        found.read_article(node, &nodes);
    }
    found
}

fn parse(script: &str) -> Option<Value> {
    if script.len() > LONGEST_SCRIPT {
        return None;
    }
    let trimmed = script
        .trim()
        .trim_start_matches("<!--")
        .trim_start_matches("//<![CDATA[")
        .trim_start_matches("<![CDATA[")
        .trim_end_matches("-->")
        .trim_end_matches("//]]>")
        .trim_end_matches("]]>")
        .trim()
        .trim_end_matches(';');
    serde_json::from_str(trimmed).or_else(|_| serde_json::from_str(&mended(trimmed))).ok()
}

/// The JSON with control characters in strings escaped and trailing commas gone.
fn mended(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 16);
    let (mut in_string, mut escaped) = (false, false);
    for c in json.chars() {
        if in_string {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '"' => in_string = false,
                '\n' | '\r' | '\t' => {
                    out.push(' ');
                    continue;
                }
                c if c.is_control() => continue,
                _ => {}
            }
        } else if c == '"' {
            in_string = true;
        } else if matches!(c, '}' | ']') {
            let kept = out.trim_end().len();
            if out[..kept].ends_with(',') {
                out.truncate(kept - 1);
            }
        }
        out.push(c);
    }
    out
}

/// Every object that can describe something, outermost first.
fn nodes<'a>(values: &'a [Value], left: &mut usize) -> Vec<&'a Map<String, Value>> {
    let mut queue: std::collections::VecDeque<&Value> = values.iter().collect();
    let mut nodes = Vec::new();
    while let Some(value) = queue.pop_front() {
        if *left == 0 {
            break;
        }
        *left -= 1;
        match value {
            Value::Array(items) => queue.extend(items.iter().take(*left)),
            Value::Object(node) => {
                for key in ["@graph", "mainEntity", "mainEntityOfPage", "itemListElement", "item"] {
                    if let Some(inner @ (Value::Object(_) | Value::Array(_))) = node.get(key) {
                        queue.push_back(inner);
                    }
                }
                nodes.push(node);
            }
            _ => {}
        }
    }
    nodes
}

fn types(node: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let value = node.get("@type");
    let one = value.and_then(Value::as_str);
    let many = value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    one.into_iter().chain(many).map(|name| name.rsplit(['/', ':', '#']).next().unwrap_or(name))
}

fn has_type(node: &Map<String, Value>, names: &[&str]) -> bool {
    types(node).any(|kind| names.contains(&kind))
}

/// How much a node is the article of the page; 0 is not at all.
fn rank(node: &Map<String, Value>) -> u8 {
    let by_type = types(node)
        .map(|kind| match kind {
            "LiveBlogPosting" => 9,
            kind if kind.ends_with("NewsArticle") => 8,
            "Article"
            | "BlogPosting"
            | "Report"
            | "TechArticle"
            | "ScholarlyArticle"
            | "SatiricalArticle"
            | "AdvertiserContentArticle"
            | "SocialMediaPosting" => 7,
            "Recipe" | "DiscussionForumPosting" | "QAPage" | "Review" | "HowTo" => 6,
            "VideoObject" | "PodcastEpisode" | "CreativeWork" | "Question" => 4,
            "Product" | "Event" | "Book" => 3,
            "WebPage" | "ItemPage" | "MedicalWebPage" => 2,
            "CollectionPage" => 1,
            _ => 0,
        })
        .max()
        .unwrap_or(0);
    // A stub in a list has neither a date nor an author.
    let stub = !node.contains_key("datePublished") && !node.contains_key("author");
    if by_type > 2 && stub { by_type / 3 } else { by_type }
}

impl JsonLd {
    fn read_article(&mut self, node: &Map<String, Value>, nodes: &[&Map<String, Value>]) {
        let article = rank(node) >= 3;
        self.headline = string(node, "headline").or_else(|| {
            let name = string(node, "name");
            if article { name } else { None }
        });
        let authors: Vec<&Value> = ["author", "creator"]
            .iter()
            .find_map(|key| node.get(*key).filter(|value| !value.is_null()))
            .map(list)
            .unwrap_or_default();
        self.persons = true;
        for author in authors {
            if let Some(name) = name_of(author, nodes) {
                let is_organization = resolve(author, nodes)
                    .is_some_and(|node| has_type(node, &["Organization", "NewsMediaOrganization"]));
                self.persons &= !is_organization;
                self.authors.push(name);
            }
        }
        self.published =
            ["datePublished", "dateCreated", "uploadDate"].iter().find_map(|key| string(node, key));
        self.modified = string(node, "dateModified");
        self.section = node.get("articleSection").map(list).and_then(|l| text_of(l.first()?));
        for key in ["keywords", "about"] {
            if self.tags.is_empty()
                && let Some(value) = node.get(key)
            {
                self.tags = match value {
                    Value::String(text) => split_tags(text),
                    other => list(other).iter().filter_map(|v| name_of(v, nodes)).collect(),
                };
            }
        }
        self.image = ["image", "thumbnailUrl"]
            .iter()
            .find_map(|key| node.get(*key).and_then(|value| image_of(value, nodes)));
        self.publisher =
            node.get("publisher").and_then(|value| name_of(list(value).first()?, nodes));
        self.language = node.get("inLanguage").and_then(|value| match value {
            Value::Object(o) => string(o, "alternateName").or_else(|| string(o, "name")),
            other => text_of(other),
        });
        self.url = string(node, "url").or_else(|| match node.get("mainEntityOfPage") {
            Some(Value::Object(page)) => string(page, "@id"),
            Some(other) => text_of(other),
            None => None,
        });
        self.description = string(node, "description");
        self.free = node.get("isAccessibleForFree").and_then(truth);
        self.body = ["articleBody", "text", "reviewBody"]
            .iter()
            .find_map(|key| node.get(*key).and_then(Value::as_str))
            .filter(|text| !text.trim().is_empty())
            .map(str::to_owned);
        self.kind = types(node).find_map(|kind| match kind {
            "LiveBlogPosting" => Some(Kind::LiveBlog),
            "VideoObject" => Some(Kind::Video),
            "DiscussionForumPosting" | "QAPage" | "Question" => Some(Kind::Forum),
            "CollectionPage" => Some(Kind::Index),
            _ if rank(node) >= 6 => Some(Kind::Article),
            _ => None,
        });
    }
}

fn list(value: &Value) -> Vec<&Value> {
    match value {
        Value::Array(items) => items.iter().take(MOST_ITEMS).collect(),
        other => vec![other],
    }
}

fn string(node: &Map<String, Value>, key: &str) -> Option<String> {
    match node.get(key)? {
        Value::Array(items) => text_of(items.first()?),
        Value::Object(inner) => text_of(inner.get("@value")?),
        other => text_of(other),
    }
}

fn text_of(value: &Value) -> Option<String> {
    clean(value.as_str()?)
}

fn truth(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(free) => Some(*free),
        Value::String(text) if text.eq_ignore_ascii_case("true") => Some(true),
        Value::String(text) if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// The node that a value is, or that it names by `@id`.
fn resolve<'a>(
    value: &'a Value,
    nodes: &[&'a Map<String, Value>],
) -> Option<&'a Map<String, Value>> {
    let node = value.as_object()?;
    if node.contains_key("name") {
        return Some(node);
    }
    let id = node.get("@id")?.as_str()?;
    nodes
        .iter()
        .find(|other| {
            other.get("@id").and_then(Value::as_str) == Some(id) && other.contains_key("name")
        })
        .copied()
}

fn name_of(value: &Value, nodes: &[&Map<String, Value>]) -> Option<String> {
    match value {
        Value::String(name) => clean(name),
        other => string(resolve(other, nodes)?, "name"),
    }
}

fn image_of(value: &Value, nodes: &[&Map<String, Value>]) -> Option<String> {
    match list(value).first()? {
        Value::String(url) => clean(url),
        Value::Object(node) => {
            string(node, "url").or_else(|| string(node, "contentUrl")).or_else(|| {
                let id = node.get("@id")?.as_str()?;
                let other = nodes.iter().find(|other| {
                    other.get("@id").and_then(Value::as_str) == Some(id)
                        && other.contains_key("url")
                })?;
                string(other, "url")
            })
        }
        _ => None,
    }
}

/// The subjects of a list that is written with commas or semicolons.
pub(super) fn split_tags(text: &str) -> Vec<String> {
    let separator = if text.contains(';') && !text.contains(',') { ';' } else { ',' };
    text.split(separator).filter_map(clean).take(MOST_ITEMS).collect()
}
