//! The sources as a graph: which file names an item of which other file, through re-exports, `super::` and macros.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a source that cannot be read fails the test"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use syn::visit::{self, Visit};

/// A path of the language, by its segments.
type Segments = Vec<String>;

/// What is known of one module.
#[derive(Default)]
struct Module {
    children: BTreeSet<String>,
    /// Names that `use` brings in, with the absolute paths that they stand for.
    imports: BTreeMap<String, Segments>,
    globs: Vec<Segments>,
}

/// A crate's modules and what each file refers to, without what is under `#[cfg(test)]`.
pub(crate) struct Sources {
    modules: BTreeMap<Segments, Module>,
    /// The paths that stand in each file, absolute where they begin in this crate.
    paths: BTreeMap<Segments, BTreeSet<Segments>>,
}

impl Sources {
    /// Reads every product file below a `src` folder.
    pub(crate) fn read(root: &Path) -> Self {
        let mut sources = Self {
            modules: BTreeMap::new(),
            paths: BTreeMap::new(),
        };
        let mut found = Vec::new();
        let mut open = vec![(root.join("lib.rs"), root.to_owned(), Segments::new())];
        while let Some((file, folder, module)) = open.pop() {
            let text = std::fs::read_to_string(&file)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            let parsed = syn::parse_file(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", file.display()));
            for child in declared_modules(&parsed.items) {
                let inner: Segments = [module.clone(), vec![child.clone()]].concat();
                let own_folder = folder.join(&child);
                let flat = folder.join(format!("{child}.rs"));
                let file = if flat.is_file() {
                    flat
                } else {
                    own_folder.join("mod.rs")
                };
                open.push((file, own_folder, inner));
            }
            found.push((module, parsed));
        }
        for (module, parsed) in &found {
            sources.declare(module, &parsed.items);
        }
        for (module, parsed) in found {
            let mut reader = Reader {
                sources: &sources,
                scope: module.clone(),
                found: BTreeSet::new(),
                imports: Vec::new(),
            };
            reader.visit_file(&parsed);
            let Reader { found, imports, .. } = reader;
            for (scope, name, path) in imports {
                let into = sources.modules.entry(scope).or_default();
                if name == "*" {
                    into.globs.push(path);
                } else {
                    into.imports.insert(name, path);
                }
            }
            sources.paths.insert(module, found);
        }
        sources
    }

    fn declare(&mut self, module: &Segments, items: &[syn::Item]) {
        self.modules.entry(module.clone()).or_default();
        for item in items {
            let syn::Item::Mod(inner) = item else {
                continue;
            };
            if for_tests(&inner.attrs) {
                continue;
            }
            let name = inner.ident.to_string();
            let declaring = self.modules.entry(module.clone()).or_default();
            declaring.children.insert(name.clone());
            if let Some((_, items)) = &inner.content {
                self.declare(&[module.clone(), vec![name]].concat(), items);
            }
        }
    }

    /// The files, by their modules.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Segments> {
        self.paths.keys()
    }

    /// The paths into other crates that stand in a file.
    pub(crate) fn outside(&self, file: &Segments) -> impl Iterator<Item = String> {
        self.paths[file]
            .iter()
            .filter(|path| path.first().is_none_or(|first| first != "crate"))
            .map(|path| path.join("::"))
    }

    /// The files of this crate that a file refers to, itself left out.
    pub(crate) fn uses(&self, file: &Segments) -> BTreeSet<Segments> {
        self.paths[file]
            .iter()
            .filter(|path| path.first().is_some_and(|first| first == "crate"))
            .filter_map(|path| self.home(&path[1..], 0))
            .filter(|home| home != file)
            .collect()
    }

    /// The file in which a path of this crate ends, re-exports followed.
    fn home(&self, path: &[String], depth: usize) -> Option<Segments> {
        let mut at = Segments::new();
        for (index, segment) in path.iter().enumerate() {
            let module = self.modules.get(&at)?;
            if module.children.contains(segment) {
                at.push(segment.clone());
                continue;
            }
            let rest = &path[index + 1..];
            if depth < 16 {
                if let Some(import) = module.imports.get(segment) {
                    if import.first().is_none_or(|first| first != "crate") {
                        return None;
                    }
                    let whole: Segments = [&import[1..], rest].concat();
                    return self.home(&whole, depth + 1);
                }
                for glob in module
                    .globs
                    .iter()
                    .filter(|glob| glob.first().is_some_and(|first| first == "crate"))
                {
                    let inside = self.modules.get(&glob[1..]);
                    if inside.is_some_and(|inside| inside.imports.contains_key(segment)) {
                        let whole: Segments = [&glob[1..], &path[index..]].concat();
                        return self.home(&whole, depth + 1);
                    }
                }
            }
            break;
        }
        while !self.paths.contains_key(&at) {
            at.pop()?;
        }
        Some(at)
    }
}

/// The modules of a file that stand in files of their own.
fn declared_modules(items: &[syn::Item]) -> Vec<String> {
    items
        .iter()
        .filter_map(|item| match item {
            syn::Item::Mod(inner) if inner.content.is_none() && !for_tests(&inner.attrs) => {
                Some(inner.ident.to_string())
            }
            _ => None,
        })
        .collect()
}

/// Whether an item is compiled for tests alone.
fn for_tests(attributes: &[syn::Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = attribute.path().is_ident("cfg")
            && attribute
                .meta
                .require_list()
                .is_ok_and(|list| list.tokens.to_string() == "test");
        condition || attribute.path().is_ident("test")
    })
}

struct Reader<'a> {
    sources: &'a Sources,
    scope: Segments,
    found: BTreeSet<Segments>,
    /// Scope, name and path of each `use`.
    imports: Vec<(Segments, String, Segments)>,
}

impl Reader<'_> {
    /// A path as it stands in the text, made absolute; `None` for a name that only the file itself can resolve.
    fn absolute(&self, path: &[String]) -> Option<Segments> {
        let mut base = self.scope.clone();
        let mut rest = path;
        match rest.first()?.as_str() {
            "crate" => return Some(path.to_vec()),
            "self" => rest = &rest[1..],
            "super" => {
                while let Some(("super", inner)) = rest
                    .split_first()
                    .map(|(first, inner)| (first.as_str(), inner))
                {
                    base.pop();
                    rest = inner;
                }
            }
            first => {
                let module = self.sources.modules.get(&self.scope);
                if !module.is_some_and(|module| module.children.contains(first)) {
                    return (path.len() > 1).then(|| path.to_vec());
                }
            }
        }
        let mut whole = vec!["crate".to_owned()];
        whole.extend(base);
        whole.extend(rest.iter().cloned());
        Some(whole)
    }

    fn refer(&mut self, path: &[String]) {
        let absolute = self.absolute(path);
        self.found.extend(absolute);
    }

    fn import(&mut self, tree: &syn::UseTree, before: &Segments) {
        let with = |name: &syn::Ident| [before.clone(), vec![name.to_string()]].concat();
        match tree {
            syn::UseTree::Path(path) => self.import(&path.tree, &with(&path.ident)),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
            syn::UseTree::Name(name) if name.ident == "self" => {
                let last = before.last().cloned().unwrap_or_default();
                self.bind(&last, before);
            }
            syn::UseTree::Name(name) => self.bind(&name.ident.to_string(), &with(&name.ident)),
            syn::UseTree::Rename(rename) => {
                self.bind(&rename.rename.to_string(), &with(&rename.ident));
            }
            syn::UseTree::Glob(_) => self.bind("*", before),
        }
    }

    fn bind(&mut self, name: &str, path: &Segments) {
        self.refer(path);
        let absolute = self.absolute(path).unwrap_or_else(|| path.clone());
        self.imports
            .push((self.scope.clone(), name.to_owned(), absolute));
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        let attributes = match item {
            syn::Item::Fn(item) => &item.attrs,
            syn::Item::Impl(item) => &item.attrs,
            syn::Item::Mod(item) => &item.attrs,
            syn::Item::Struct(item) => &item.attrs,
            syn::Item::Use(item) => &item.attrs,
            _ => &Vec::new(),
        };
        if !for_tests(attributes) {
            visit::visit_item(self, item);
        }
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        if !for_tests(&function.attrs) {
            visit::visit_impl_item_fn(self, function);
        }
    }

    fn visit_item_mod(&mut self, inner: &'ast syn::ItemMod) {
        if inner.content.is_some() {
            self.scope.push(inner.ident.to_string());
            visit::visit_item_mod(self, inner);
            self.scope.pop();
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(&item.tree, &Segments::new());
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let segments: Segments = path
            .segments
            .iter()
            .map(|segment| segment.ident.to_string())
            .collect();
        self.refer(&segments);
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        visit::visit_macro(self, called);
        // What a macro takes need not be Rust, but its paths look like any others: `a :: b :: c`.
        let tokens = called.tokens.to_string().replace("::", " :: ");
        let words: Vec<&str> = tokens
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .filter(|word| !word.is_empty())
            .collect();
        let mut at = 0;
        while let Some(word) = words.get(at) {
            let mut path = vec![(*word).to_owned()];
            at += 1;
            while let (Some(&"::"), Some(next)) = (words.get(at), words.get(at + 1)) {
                path.push((*next).to_owned());
                at += 2;
            }
            if path.len() > 1 {
                self.refer(&path);
            }
        }
    }
}
