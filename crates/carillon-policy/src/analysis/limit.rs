//! How much work an analysis may be.

/// The question needs more work than was allowed, so that it has no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too large: the policies together have more cases than can be looked at")]
pub struct TooLarge;

/// Work that is still allowed. A unit is some hundred nanoseconds.
#[derive(Debug, Clone)]
pub(super) struct Budget {
    left: usize,
}

impl Budget {
    pub fn new(units: usize) -> Budget {
        Budget { left: units }
    }

    pub fn spend(&mut self, units: usize) -> Result<(), TooLarge> {
        self.left = self.left.checked_sub(units).ok_or(TooLarge)?;
        Ok(())
    }

    /// All of it, for work that gives back what it does not need, unless it comes to no end within it.
    pub fn take(&mut self) -> Budget {
        std::mem::replace(self, Budget::new(0))
    }

    /// A budget out of this one, with no more than so many units.
    pub fn part(&mut self, units: usize) -> Budget {
        let part = units.min(self.left);
        self.left -= part;
        Budget { left: part }
    }

    /// An equal share for one of so many that are still to come.
    pub fn share(&mut self, of: usize) -> Budget {
        self.part(self.left / of.max(1))
    }

    /// Takes back what was not spent.
    pub fn give_back(&mut self, part: Budget) {
        self.left += part.left;
    }
}
