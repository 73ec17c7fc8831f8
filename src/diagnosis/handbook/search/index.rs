//! How relevant an entry is for the words of a question: BM25F over its fields, and how near one of its phrases comes to the whole
//! question.
//!
//! Neighbouring words count as terms of their own, so that a message outweighs the words it is made of.

use std::collections::{HashMap, HashSet};

use strsim::osa_distance;

use super::synonyms::Synonyms;
use super::tokens::{folded, words};
use crate::diagnosis::handbook::entry::{Entry, Kind, Standing};

/// How soon more occurrences of a term stop counting.
const SATURATION: f32 = 2.0;
/// Weight of a phrase that is the whole question, relative to all of its words.
const PHRASE: f32 = 1.2;
/// Of two words that follow each other, relative to one.
const PAIR: f32 = 0.55;
/// Weight of a word of the same stem, of one that differs in a single letter, of one with the same meaning, and of one with a
/// typing mistake.
const STEM: f32 = 0.6;
const NEAR_STEM: f32 = 0.85;
const SYNONYM: f32 = 0.7;
const TYPO: f32 = 0.5;
/// Of a word that stands in a title, relative to others: it says what an entry is about.
const IN_TITLE: f32 = 1.6;
/// Of words such as "the", relative to others.
const EMPTY: f32 = 0.3;
/// Shorter words are only meant as they are written.
const LEAST_STEM: usize = 4;
const LEAST_TYPO: usize = 5;
/// From this length on two typing mistakes are likely enough.
const LONG: usize = 8;
/// In a question of so many words any number may be what an entry is called by; in longer ones only that of many digits.
const SHORT: usize = 3;
/// Of such a number, and of one that only counts something.
const NUMBER: f32 = 2.0;
const COUNT: f32 = 0.3;
/// Of a word that no entry has, for how far a question is from a phrase.
const UNKNOWN: f32 = 8.0;
/// A question and a phrase of so many words are part of one another from this share on; a phrase only of a question that has
/// not much else.
const LEAST_PART: f32 = 4.0;
const PART: f32 = 0.9;
const LEAST_SHARE: f32 = 0.4;
/// Words that name a part of its own: where one is asked for, an entry that does not name it is worth less, by this factor.
const PARTS: [&str; 5] = ["broker", "event", "freerdp", "gateway", "xrdp"];
const OTHER_PART: f32 = 0.75;
/// Of an entry that no vendor documents.
const REPORTED: f32 = 0.97;

/// How likely an entry is meant, other things being equal: of findings and sessions more, of what few people meet less.
fn prior(entry: &Entry) -> f32 {
    let of_kind = match (entry.kind, entry.number) {
        (Kind::Finding | Kind::Session, _) => 1.2,
        (Kind::Claim, _) => 0.8,
        (Kind::Status, _) => 0.75,
        // Codes of gateways and of FreeRDP.
        (Kind::Code, Some(0x1_0000..)) => 0.9,
        _ => 1.0,
    };
    if entry.standing == Some(Standing::Reported) {
        of_kind * REPORTED
    } else {
        of_kind
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Name,
    Title,
    Phrase,
    Body,
}

impl Field {
    const ALL: [Self; 4] = [Self::Name, Self::Title, Self::Phrase, Self::Body];

    /// What a term counts here, and by how much less in a text that is long for its kind.
    const fn weight(self) -> (f32, f32) {
        match self {
            Self::Name => (4.0, 0.0),
            Self::Title => (3.5, 0.5),
            Self::Phrase => (3.0, 0.8),
            Self::Body => (1.0, 0.75),
        }
    }
}

type TermId = u32;

/// A text of an entry.
#[derive(Debug)]
struct Unit {
    entry: usize,
    field: Field,
    /// Number of its words, and the sum of the squares of the weights of its terms.
    terms: f32,
    squares: f32,
}

/// The terms of every entry.
#[derive(Debug, Default)]
pub(in super::super) struct Index {
    /// While it is made only: a map is the faster one to add to, and a sorted list to find beginnings in.
    ids: HashMap<Box<str>, TermId>,
    vocabulary: Vec<(Box<str>, TermId)>,
    /// Ids of two words as one term.
    pairs: HashMap<(TermId, TermId), TermId>,
    /// The units that have a term, as often as they have it.
    postings: Vec<Vec<u32>>,
    rarity: Vec<f32>,
    units: Vec<Unit>,
    average: [f32; Field::ALL.len()],
    synonyms: Synonyms,
}

/// An entry that has words of a question.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Hit {
    pub(super) entry: usize,
    /// The words of the question that it has.
    pub(super) met: usize,
    /// How near its nearest phrase is to the question: 1 is the same.
    pub(super) likeness: f32,
    pub(super) score: f32,
}

/// What was found for a question, best first.
#[derive(Debug, Default)]
pub(super) struct Hits {
    pub(super) best: Vec<Hit>,
    /// Words with a typing mistake, and what they were read as.
    pub(super) read_as: Vec<(String, String)>,
    /// A word that says something is in no entry, in no form.
    pub(super) unknown: bool,
}

impl Index {
    /// The words of this program are left out: they are found by what they are called, and are in the way of what is about the matter.
    pub(in super::super) fn new(entries: &[Entry]) -> Self {
        let mut index = Self::default();
        for (place, entry) in entries.iter().enumerate() {
            if entry.kind != Kind::Word {
                index.add(place, entry);
            }
        }
        index.weigh();
        index
    }

    pub(super) fn has(&self, word: &str) -> bool {
        self.id(word).is_some()
    }

    fn id(&self, word: &str) -> Option<TermId> {
        let place = self
            .vocabulary
            .binary_search_by(|(own, _)| (**own).cmp(word))
            .ok()?;
        self.vocabulary.get(place).map(|(_, id)| *id)
    }

    fn add(&mut self, place: usize, entry: &Entry) {
        // "R2" is part of what Windows versions are called, and is found as a key.
        let has_name = !matches!(entry.kind, Kind::Remedy | Kind::Claim);
        let key = has_name.then_some(&entry.key);
        let number = entry.number.map(|number| number.to_string());
        for text in entry.name.iter().chain(key).chain(&number) {
            self.add_unit(place, Field::Name, &[text]);
        }
        self.add_unit(place, Field::Title, &[&entry.title]);
        for phrase in &entry.words {
            self.add_unit(place, Field::Phrase, &[phrase]);
        }
        let parts = [&entry.scan, &entry.fires, &entry.user, &entry.instead];
        let causes = entry
            .causes
            .iter()
            .flat_map(|cause| [&cause.what, &cause.tell]);
        let steps = entry.remedy.iter().flat_map(|remedy| remedy.texts());
        let body: Vec<&str> = entry
            .text
            .iter()
            .chain(parts.into_iter().flatten())
            .chain(&entry.checks)
            .chain(causes)
            .map(String::as_str)
            .chain(steps)
            .collect();
        self.add_unit(place, Field::Body, &body);
    }

    fn add_unit(&mut self, entry: usize, field: Field, texts: &[&str]) {
        let unit = u32::try_from(self.units.len()).unwrap_or(u32::MAX);
        let mut terms = 0_u16;
        for text in texts {
            let text = folded(text);
            let mut before = None;
            for word in words(&text) {
                let term = self.term(word);
                self.post(term, unit);
                // Running text has too many pairs that say nothing.
                let before = before.replace(term).filter(|_| field != Field::Body);
                if let Some(before) = before {
                    let new = self.next_id();
                    let pair = *self.pairs.entry((before, term)).or_insert(new);
                    self.post(pair, unit);
                }
                terms = terms.saturating_add(1);
            }
        }
        self.units.push(Unit {
            entry,
            field,
            terms: f32::from(terms),
            squares: 0.0,
        });
    }

    fn next_id(&self) -> TermId {
        u32::try_from(self.postings.len()).unwrap_or(u32::MAX)
    }

    fn term(&mut self, word: &str) -> TermId {
        if let Some(term) = self.ids.get(word) {
            return *term;
        }
        let new = self.next_id();
        self.ids.insert(word.into(), new);
        self.postings.push(Vec::new());
        new
    }

    fn post(&mut self, term: TermId, unit: u32) {
        let place = term as usize;
        if place == self.postings.len() {
            self.postings.push(Vec::new());
        }
        if let Some(postings) = self.postings.get_mut(place) {
            postings.push(unit);
        }
    }

    /// What follows from all of the terms together.
    fn weigh(&mut self) {
        self.vocabulary = std::mem::take(&mut self.ids).into_iter().collect();
        self.vocabulary.sort_unstable();
        let entries = self.units.iter().map(|unit| unit.entry);
        let all = entries.collect::<HashSet<_>>().len() as f32;
        self.rarity = self
            .postings
            .iter()
            .map(|postings| {
                let units = postings
                    .iter()
                    .filter_map(|unit| self.units.get(*unit as usize));
                // Units of an entry stand together.
                let (mut with, mut last) = (0.0, usize::MAX);
                for unit in units {
                    with += f32::from(u8::from(unit.entry != last));
                    last = unit.entry;
                }
                (1.0 + (all - with + 0.5) / (with + 0.5)).ln()
            })
            .collect();
        for (_, id) in &self.vocabulary {
            let mut units = self.postings(*id).iter();
            let is_title = |unit: &u32| {
                let unit = self.units.get(*unit as usize);
                unit.is_some_and(|unit| unit.field == Field::Title)
            };
            if units.any(is_title)
                && let Some(rarity) = self.rarity.get_mut(*id as usize)
            {
                *rarity *= IN_TITLE;
            }
        }
        for (postings, rarity) in self.postings.iter().zip(&self.rarity) {
            for unit in postings {
                if let Some(unit) = self.units.get_mut(*unit as usize) {
                    unit.squares += rarity * rarity;
                }
            }
        }
        self.average = Field::ALL.map(|field| {
            let of_field = self.units.iter().filter(|unit| unit.field == field);
            let (count, terms) = of_field.fold((0.0, 0.0), |(count, terms), unit| {
                (count + 1.0, terms + unit.terms)
            });
            terms / f32::max(count, 1.0)
        });
    }

    fn postings(&self, term: TermId) -> &[u32] {
        self.postings.get(term as usize).map_or(&[], Vec::as_slice)
    }

    /// What a term is worth to each entry that has it (BM25F).
    fn worths(&self, term: TermId) -> HashMap<usize, f32> {
        let mut counts: HashMap<usize, f32> = HashMap::new();
        for unit in self.postings(term) {
            let Some(unit) = self.units.get(*unit as usize) else {
                continue;
            };
            let (weight, share) = unit.field.weight();
            let average = self.average.get(unit.field as usize);
            let length = unit.terms / average.copied().unwrap_or_default().max(1.0);
            *counts.entry(unit.entry).or_default() += weight / (1.0 - share + share * length);
        }
        let rarity = self.rarity(term);
        for count in counts.values_mut() {
            *count = rarity * *count / (SATURATION + *count);
        }
        counts
    }

    fn rarity(&self, term: TermId) -> f32 {
        self.rarity.get(term as usize).copied().unwrap_or_default()
    }

    /// Entries that have any of these words, folded and in the order of the question.
    pub(super) fn find(&self, entries: &[Entry], question: &[&str], telling: &[&str]) -> Hits {
        let mut found = Found {
            index: self,
            entries: HashMap::new(),
            common: HashMap::new(),
            sum: 0.0,
            squares: 0.0,
            words: 0,
            parts: Vec::new(),
        };
        let (mut read_as, mut unknown) = (Vec::new(), false);
        let mut before: Option<(TermId, bool)> = None;
        let mut seen = HashSet::new();
        for word in question {
            let meant = self.meant(word, telling.len() <= SHORT);
            let first = meant.first().copied();
            let is_telling = telling.contains(word);
            if seen.insert(*word) {
                unknown |= is_telling && meant.is_empty();
                found.add_parts(&meant);
                found.add_word(&meant, is_telling);
                if let Some((term, TYPO)) = first {
                    let read = self.word(term).unwrap_or_default();
                    read_as.push(((*word).to_owned(), read.to_owned()));
                }
            }
            let term = first.map(|(term, _)| (term, is_telling));
            // "Remote desktop" says no more than its words.
            let pair = before.zip(term).filter(|(one, other)| one.1 || other.1);
            let pair = pair.and_then(|(one, other)| self.pairs.get(&(one.0, other.0)));
            if let Some(pair) = pair {
                found.add_pair(*pair);
            }
            before = term;
        }
        Hits {
            best: found.hits(entries),
            read_as,
            unknown,
        }
    }

    fn word(&self, term: TermId) -> Option<&str> {
        self.vocabulary
            .iter()
            .find(|(_, id)| *id == term)
            .map(|(word, _)| &**word)
    }

    /// The terms that a word may stand for, likeliest first, with what each counts: itself, words of the same stem, and, where there
    /// are none, those that it may be a mistyped form of.
    fn meant(&self, word: &str, is_short: bool) -> Vec<(TermId, f32)> {
        let mut meant: Vec<(TermId, f32)> = Vec::new();
        // A small number in a sentence counts anything.
        let is_number = word.bytes().all(|byte| byte.is_ascii_digit());
        let counts = is_number && !is_short && word.len() < LEAST_STEM;
        let factor = if counts { COUNT } else { 1.0 };
        meant.extend(self.id(word).map(|term| (term, factor)));
        let letters = word.chars().count();
        if letters >= LEAST_STEM && word.bytes().all(|byte| byte.is_ascii_digit()) {
            let names = |term: &TermId| {
                let mut units = self.postings(*term).iter();
                units.any(|unit| {
                    let unit = self.units.get(*unit as usize);
                    unit.is_some_and(|unit| unit.field == Field::Name)
                })
            };
            for (term, factor) in &mut meant {
                if (is_short || letters > LEAST_STEM) && names(term) {
                    *factor = NUMBER;
                }
            }
            return meant;
        }
        let synonyms = self.synonyms.of(word);
        let synonyms = synonyms.filter_map(|same| Some((self.id(same)?, SYNONYM)));
        if !word.bytes().all(|byte| byte.is_ascii_alphabetic()) || letters < LEAST_STEM {
            meant.extend(synonyms);
            return meant;
        }
        let start = word.get(..LEAST_STEM).unwrap_or(word);
        let from = self.vocabulary.partition_point(|(own, _)| **own < *start);
        let from = self.vocabulary.get(from..).unwrap_or_default().iter();
        let related = from
            .take_while(|(other, _)| other.starts_with(start))
            .filter(|(other, _)| **other != *word && has_same_stem(word, other));
        meant.extend(related.map(|(other, term)| {
            let is_near = osa_distance(word, other) == 1;
            (*term, if is_near { NEAR_STEM } else { STEM })
        }));
        meant.extend(synonyms);
        if !meant.is_empty() || letters < LEAST_TYPO {
            return meant;
        }
        let most = if letters < LONG { 1 } else { 2 };
        let near = self.vocabulary.iter().filter_map(|(other, term)| {
            let is_near = other.len().abs_diff(word.len()) <= most
                && other.bytes().all(|byte| byte.is_ascii_alphabetic());
            let changes = is_near.then(|| osa_distance(word, other))?;
            (changes <= most).then_some((changes, *term))
        });
        let mut near: Vec<(usize, TermId)> = near.collect();
        near.sort_unstable();
        let least = near.first().map(|(changes, _)| *changes);
        meant.extend(
            near.into_iter()
                .filter(|(changes, _)| Some(*changes) == least)
                .map(|(_, term)| (term, TYPO)),
        );
        meant
    }
}

/// What is gathered while the terms of a question are looked up.
struct Found<'a> {
    index: &'a Index,
    /// By entry: words met, and the sum of what the terms are worth.
    entries: HashMap<usize, (usize, f32)>,
    /// By unit: squares of the weights of the terms that it has in common with the question.
    common: HashMap<u32, f32>,
    /// Weights of the terms of the question, and their squares.
    sum: f32,
    squares: f32,
    words: usize,
    /// For each part that is asked for, the entries that name it.
    parts: Vec<HashSet<usize>>,
}

impl Found<'_> {
    fn add_parts(&mut self, meant: &[(TermId, f32)]) {
        let ids = PARTS.iter().filter_map(|part| self.index.id(part));
        let asked = ids.filter(|id| meant.iter().any(|(term, _)| term == id));
        let named = asked.map(|id| {
            let units = self.index.postings(id).iter();
            let units = units.filter_map(|unit| self.index.units.get(*unit as usize));
            let named = units.filter(|unit| unit.field != Field::Body);
            named.map(|unit| unit.entry).collect()
        });
        self.parts.extend(named);
    }

    /// A word, as any of the terms that it may stand for: of several the best counts.
    fn add_word(&mut self, meant: &[(TermId, f32)], is_telling: bool) {
        let mut best: HashMap<usize, f32> = HashMap::new();
        // A form that is rarer than the word itself says no more than it.
        let own = meant.first().filter(|(_, factor)| *factor >= 1.0);
        let most = own.map_or(f32::MAX, |(term, _)| self.index.rarity(*term));
        for (term, factor) in meant {
            let rarity = self.index.rarity(*term).max(f32::MIN_POSITIVE);
            let factor = factor * (most / rarity).min(1.0);
            for (entry, worth) in self.index.worths(*term) {
                let best = best.entry(entry).or_default();
                *best = best.max(worth * factor);
            }
        }
        let share = if is_telling { 1.0 } else { EMPTY };
        for (entry, worth) in best {
            let (met, sum) = self.entries.entry(entry).or_default();
            *met += usize::from(is_telling);
            *sum += worth * share;
        }
        self.words += 1;
        self.compare(meant);
    }

    fn add_pair(&mut self, pair: TermId) {
        for (entry, worth) in self.index.worths(pair) {
            self.entries.entry(entry).or_default().1 += worth * PAIR;
        }
        self.compare(&[(pair, 1.0)]);
    }

    fn compare(&mut self, meant: &[(TermId, f32)]) {
        let weight = |(term, factor): &(TermId, f32)| self.index.rarity(*term) * factor;
        let own = meant.first().map_or(UNKNOWN, weight);
        self.sum += own;
        self.squares += own * own;
        let mut units: HashMap<u32, f32> = HashMap::new();
        for term in meant {
            for unit in self.index.postings(term.0) {
                let best = units.entry(*unit).or_default();
                *best = best.max(weight(term).powi(2));
            }
        }
        for (unit, square) in units {
            *self.common.entry(unit).or_default() += square;
        }
    }

    /// How near each entry's nearest phrase comes to the question: the cosine of the angle between them, and nearly 1 where one is
    /// part of the other.
    fn likeness(&self) -> HashMap<usize, f32> {
        let mut likeness: HashMap<usize, f32> = HashMap::new();
        for (unit, common) in &self.common {
            let Some(unit) = self.index.units.get(*unit as usize) else {
                continue;
            };
            if unit.field == Field::Body {
                continue;
            }
            let angle = common / (self.squares * unit.squares).sqrt().max(f32::MIN_POSITIVE);
            let is_in_question =
                *common >= PART * unit.squares && unit.squares >= LEAST_SHARE * self.squares;
            let is_in_phrase = self.words as f32 >= LEAST_PART && *common >= PART * self.squares;
            let is_part = unit.terms >= LEAST_PART && (is_in_question || is_in_phrase);
            let like = if is_part { angle.max(PART) } else { angle };
            let best = likeness.entry(unit.entry).or_default();
            *best = best.max(like.min(1.0));
        }
        likeness
    }

    fn hits(self, entries: &[Entry]) -> Vec<Hit> {
        let likeness = self.likeness();
        let parts = self.parts;
        let mut hits: Vec<Hit> = self
            .entries
            .into_iter()
            .map(|(entry, (met, worth))| {
                let likeness = likeness.get(&entry).copied().unwrap_or_default();
                let prior = entries.get(entry).map_or(1.0, prior);
                // A whole message means what has it, of whatever kind.
                let score = worth * prior.powf(1.0 - likeness) + PHRASE * likeness * self.sum;
                let others = parts.iter().filter(|named| !named.contains(&entry));
                let score = others.fold(score, |score, _| score * OTHER_PART);
                Hit {
                    entry,
                    met,
                    likeness,
                    score,
                }
            })
            .collect();
        // Entries of equal worth stay in the order of the handbook.
        hits.sort_by(|one, other| {
            let by_score = other.score.total_cmp(&one.score);
            by_score.then(one.entry.cmp(&other.entry))
        });
        hits
    }
}

/// They begin alike for most of their length, as "expired" and "expiring" do.
fn has_same_stem(one: &str, other: &str) -> bool {
    let longer = one.len().max(other.len());
    let needed = match longer {
        ..=5 => 4,
        6 | 7 => 5,
        more => (more * 3).div_ceil(5),
    };
    let alike = one
        .bytes()
        .zip(other.bytes())
        .take_while(|(one, other)| one == other);
    alike.count() >= needed
}
