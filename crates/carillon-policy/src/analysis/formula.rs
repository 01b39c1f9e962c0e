//! What must be true of a request, as a formula over facts about it.

use std::collections::BTreeSet;

/// One fact about a request; the numbers are those of a [`Space`](super::space::Space).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Atom {
    /// The action is in this language.
    Action(usize),
    /// The resource is an ARN of this language.
    Resource(usize),
    /// This test of a condition block holds.
    Test(usize),
    /// Something that is not known to depend on anything else.
    Free(Free),
}

/// What an analysis does not look into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Free {
    /// A value that only a request gives is among those the matcher wants.
    Matcher(usize),
    /// As before, for a test of a list.
    List(usize),
    /// The resource is what this pattern gives with the variables of the request.
    Resource(usize),
    /// A variable of this pattern has no value.
    Unresolved(usize),
}

/// Built by the functions below, which keep it small: no constants inside, no list of one, no nested lists of one
/// kind.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Formula {
    True,
    False,
    Atom(Atom),
    Not(Box<Formula>),
    All(Vec<Formula>),
    Any(Vec<Formula>),
}

impl From<bool> for Formula {
    fn from(value: bool) -> Formula {
        if value { Formula::True } else { Formula::False }
    }
}

impl Formula {
    pub fn all(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Formula::True => {}
                Formula::False => return Formula::False,
                Formula::All(inner) => inner.into_iter().for_each(|part| add(&mut kept, part)),
                part => add(&mut kept, part),
            }
        }
        match kept.len() {
            0 => Formula::True,
            1 => kept.pop().unwrap_or(Formula::True),
            _ => Formula::All(kept),
        }
    }

    pub fn any(parts: impl IntoIterator<Item = Formula>) -> Formula {
        let mut kept = Vec::new();
        for part in parts {
            match part {
                Formula::False => {}
                Formula::True => return Formula::True,
                Formula::Any(inner) => inner.into_iter().for_each(|part| add(&mut kept, part)),
                part => add(&mut kept, part),
            }
        }
        match kept.len() {
            0 => Formula::False,
            1 => kept.pop().unwrap_or(Formula::False),
            _ => Formula::Any(kept),
        }
    }

    pub fn not(part: Formula) -> Formula {
        match part {
            Formula::True => Formula::False,
            Formula::False => Formula::True,
            Formula::Not(inner) => *inner,
            part => Formula::Not(Box::new(part)),
        }
    }

    /// The formula once some atoms are known.
    pub fn assign(&self, known: &impl Fn(Atom) -> Option<Formula>) -> Formula {
        match self {
            Formula::True | Formula::False => self.clone(),
            Formula::Atom(atom) => known(*atom).unwrap_or_else(|| self.clone()),
            Formula::Not(part) => Formula::not(part.assign(known)),
            Formula::All(parts) => Formula::all(parts.iter().map(|part| part.assign(known))),
            Formula::Any(parts) => Formula::any(parts.iter().map(|part| part.assign(known))),
        }
    }

    /// The atoms that still matter.
    pub fn atoms(&self) -> BTreeSet<Atom> {
        let mut atoms = BTreeSet::new();
        self.collect(&mut atoms);
        atoms
    }

    fn collect(&self, atoms: &mut BTreeSet<Atom>) {
        match self {
            Formula::True | Formula::False => {}
            Formula::Atom(atom) => drop(atoms.insert(*atom)),
            Formula::Not(part) => part.collect(atoms),
            Formula::All(parts) | Formula::Any(parts) => {
                parts.iter().for_each(|part| part.collect(atoms));
            }
        }
    }

    /// How many nodes it has: what looking at it costs.
    pub fn size(&self) -> usize {
        match self {
            Formula::True | Formula::False | Formula::Atom(_) => 1,
            Formula::Not(part) => 1 + part.size(),
            Formula::All(parts) | Formula::Any(parts) => 1 + parts.iter().map(Formula::size).sum::<usize>(),
        }
    }
}

/// The same part twice says no more than once. Short lists only: comparing must stay cheap.
fn add(kept: &mut Vec<Formula>, part: Formula) {
    if kept.len() > 16 || !kept.contains(&part) {
        kept.push(part);
    }
}
