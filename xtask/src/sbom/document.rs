//! A CycloneDX 1.6 document (ECMA-424), as far as it is needed here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::component::sha256;

/// What is published.
#[derive(Debug, Clone, Copy)]
pub(super) enum Kind {
    Firmware,
    Application,
    Library,
}

/// One thing, and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Whose packages these are, as package URLs name it: `cargo`, `npm`.
    pub(super) of: &'static str,
    pub(super) name: String,
    pub(super) version: String,
    /// An SPDX expression.
    pub(super) licence: String,
    /// Package URL; none of what is in this repository.
    pub(super) purl: Option<String>,
    /// Of the published archive: the algorithm, and the digest in hexadecimal.
    pub(super) hash: Option<(&'static str, String)>,
    pub(super) repository: Option<String>,
    /// Whether it is only there at the build: macros, build scripts.
    pub(super) excluded: bool,
}

/// A thing with all that is in it, and what needs what.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) root: Part,
    /// By their references.
    pub(super) all: BTreeMap<String, Part>,
    pub(super) needs: BTreeMap<String, BTreeSet<String>>,
}

impl Part {
    /// How it is referred to in a document.
    pub(super) fn reference(&self) -> String {
        let own = || format!("{}:{}@{}", self.of, self.name, self.version);
        self.purl.clone().unwrap_or_else(own)
    }

    fn json(&self, kind: &str) -> Value {
        let mut json = json!({
            "type": kind,
            "bom-ref": self.reference(),
            "name": self.name,
            "version": self.version,
            "licenses": [{ "expression": self.licence }],
        });
        if let Some(purl) = &self.purl {
            json["purl"] = purl.as_str().into();
        }
        if let Some((algorithm, digest)) = &self.hash {
            json["hashes"] = json!([{ "alg": algorithm, "content": digest }]);
        }
        if let Some(url) = &self.repository {
            json["externalReferences"] = json!([{ "type": "vcs", "url": url }]);
        }
        json
    }
}

impl Parts {
    pub(super) fn count(&self) -> usize {
        self.all.len()
    }

    /// Puts another thing with all that is in it into this one.
    pub(super) fn contain(&mut self, other: &Parts) {
        let (root, part) = (self.root.reference(), &other.root);
        self.needs.entry(root).or_default().insert(part.reference());
        self.all.insert(part.reference(), part.clone());
        self.all.extend(other.all.clone());
        self.needs.extend(other.needs.clone());
    }
}

/// The document. It has no time, and its number is made of its content: the same parts give the same bytes.
pub(super) fn write(kind: Kind, parts: &Parts) -> Result<String, String> {
    let kind = match kind {
        Kind::Firmware => "firmware",
        Kind::Application => "application",
        Kind::Library => "library",
    };
    let components = parts.all.values().map(|part| {
        let mut json = part.json("library");
        json["scope"] = if part.excluded {
            "excluded"
        } else {
            "required"
        }
        .into();
        json
    });
    let none = BTreeSet::new();
    let references = [parts.root.reference()]
        .into_iter()
        .chain(parts.all.keys().cloned());
    let dependencies = references.map(|reference| {
        let needs = parts.needs.get(&reference).unwrap_or(&none);
        json!({ "ref": reference, "dependsOn": needs })
    });
    let mut document = json!({
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "lifecycles": [{ "phase": "build" }],
            "component": parts.root.json(kind),
        },
        "components": components.collect::<Vec<_>>(),
        "dependencies": dependencies.collect::<Vec<_>>(),
    });
    let digest = sha256(document.to_string().as_bytes());
    document["serialNumber"] = uuid(&digest).into();
    let text = serde_json::to_string_pretty(&document);
    text.map(|text| text + "\n")
        .map_err(|error| error.to_string())
}

/// A UUID of version 8 (RFC 9562: made as one likes) of a digest in hexadecimal.
fn uuid(digest: &str) -> String {
    let part = |from, to| &digest[from..to];
    let (a, b, c, d, e) = (
        part(0, 8),
        part(8, 12),
        part(13, 16),
        part(17, 20),
        part(20, 32),
    );
    format!("urn:uuid:{a}-{b}-8{c}-8{d}-{e}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_has_the_form_of_a_uuid() {
        let number = uuid("0123456789abcdef0123456789abcdef");
        assert_eq!(number, "urn:uuid:01234567-89ab-8def-8123-456789abcdef");
    }
}
