/// Rounds of the network. Four hide the structure of the input; the rest is margin, at a few nanoseconds each.
const ROUNDS: usize = 8;

/// A pseudo-random order over `0..len`, made of a seed in constant memory.
///
/// A Feistel network over the smallest power of two that holds `len`, its halves up to one bit apart in width. Results outside
/// `0..len` are fed in again until one is inside (cycle walking): fewer than two steps on average.
#[derive(Debug, Clone)]
pub struct Permutation {
    len: u64,
    /// Bits of the upper half.
    upper: u32,
    /// Bits of the lower half.
    lower: u32,
    keys: [u64; ROUNDS],
}

impl Permutation {
    /// Raised whenever a seed gives another order, since checkpoints refer to places in it.
    pub const VERSION: u32 = 1;

    #[must_use]
    pub fn new(len: u64, seed: u64) -> Self {
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let mut state = seed;
        Self {
            len,
            upper: bits / 2,
            lower: bits - bits / 2,
            keys: std::array::from_fn(|_| {
                state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
                mix(state)
            }),
        }
    }

    /// The number at a place. An index outside `0..len` is its own number.
    #[must_use]
    pub fn at(&self, index: u64) -> u64 {
        if index >= self.len {
            return index;
        }
        let mut number = self.network(index);
        // INVARIANT: ends, because the network is a bijection and `index`, which is below `len`, lies on the same cycle.
        while number >= self.len {
            number = self.network(number);
        }
        number
    }

    /// The inverse of [`Self::at`].
    #[must_use]
    pub fn place_of(&self, number: u64) -> u64 {
        if number >= self.len {
            return number;
        }
        let mut place = self.network_back(number);
        // INVARIANT: ends, as it takes the steps of `at` backwards.
        while place >= self.len {
            place = self.network_back(place);
        }
        place
    }

    /// One pass; a bijection over numbers of `upper + lower` bits.
    fn network(&self, number: u64) -> u64 {
        self.pass(number, self.keys.iter().enumerate())
    }

    /// The inverse of [`Self::network`]: each round is its own inverse, so their order is reversed.
    fn network_back(&self, number: u64) -> u64 {
        self.pass(number, self.keys.iter().enumerate().rev())
    }

    fn pass<'a>(&self, number: u64, rounds: impl Iterator<Item = (usize, &'a u64)>) -> u64 {
        let upper_mask = mask(self.upper);
        let lower_mask = mask(self.lower);
        let mut high = (number >> self.lower) & upper_mask;
        let mut low = number & lower_mask;
        for (round, key) in rounds {
            if round % 2 == 0 {
                high ^= mix(low ^ key) & upper_mask;
            } else {
                low ^= mix(high ^ key) & lower_mask;
            }
        }
        (high << self.lower) | low
    }
}

/// The lowest `bits` bits, at most 32.
const fn mask(bits: u32) -> u64 {
    (1 << bits) - 1
}

/// Spreads every input bit over all output bits (the finaliser of `SplitMix64`: Steele, Lea, Flood, OOPSLA 2014).
const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn is_bijection(len: u64, seed: u64) -> bool {
        let order = Permutation::new(len, seed);
        let mut all: Vec<_> = (0..len).map(|index| order.at(index)).collect();
        let back = all.iter().map(|number| order.place_of(*number));
        let comes_back = back.eq(0..len);
        all.sort_unstable();
        comes_back && all.into_iter().eq(0..len)
    }

    /// A recorded scan goes on in the order that it began with. When this fails, raise [`Permutation::VERSION`].
    #[test]
    fn the_order_is_that_of_its_version() {
        let first = |len, seed| {
            let order = Permutation::new(len, seed);
            [0, 1, 2, 3].map(|place| order.at(place))
        };
        let orders = [
            first(10, 0),
            first(254, 7),
            first(65_536, 42),
            first(u64::MAX, 1),
        ];
        let of_version_1 = [
            [1, 0, 9, 3],
            [59, 62, 25, 250],
            [44_269, 49_524, 13_583, 23_760],
            [
                7_945_002_258_384_130_838,
                15_222_833_408_222_207_682,
                13_124_062_768_399_416_983,
                4_256_940_080_914_632_933,
            ],
        ];
        assert_eq!((Permutation::VERSION, orders), (1, of_version_1));
    }

    #[test]
    fn every_small_length_is_covered_exactly_once() {
        for len in 0..300 {
            assert!(is_bijection(len, 7), "length {len}");
        }
    }

    #[test]
    fn the_largest_lengths_stay_inside() {
        for len in [u64::MAX, u64::MAX - 1, 1 << 63, (1 << 63) + 1, 1 << 32] {
            let order = Permutation::new(len, 1);
            for index in [0, 1, len / 2, len - 1] {
                let number = order.at(index);
                assert!(number < len, "length {len}, index {index}");
                assert_eq!(order.place_of(number), index, "length {len}");
            }
        }
    }

    #[test]
    fn the_seed_decides_the_order() {
        let order = |seed| {
            let order = Permutation::new(1_000, seed);
            (0..1_000).map(|at| order.at(at)).collect::<Vec<_>>()
        };
        assert_eq!(order(1), order(1));
        assert_ne!(order(1), order(2));
    }

    #[test]
    fn neighbours_are_torn_apart() {
        let order = Permutation::new(65_536, 42);
        let close = (1..65_536)
            .filter(|index| order.at(*index).abs_diff(order.at(index - 1)) < 256)
            .count();
        // A true random order gives about 65,536 × 511 / 65,536 = 511 such pairs.
        assert!((300..800).contains(&close), "{close} close pairs");
    }

    proptest! {
        #[test]
        fn any_length_and_seed_is_a_bijection(len in 1u64..5_000, seed: u64) {
            prop_assert!(is_bijection(len, seed));
        }
    }
}
