"""The program's counter-based generator, from its description: SplitMix64's finalizer over a tree of keys."""

MASK = (1 << 64) - 1


class SeedStream:
    """A place in the tree of streams, whose draws depend on its path and their index alone."""

    def __init__(self, seed=None, key=None):
        self.key = self.mix((seed + 0x9E3779B97F4A7C15) & MASK) if key is None else key

    @staticmethod
    def mix(z):
        z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & MASK
        z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & MASK
        return z ^ (z >> 31)

    def child(self, name):
        if isinstance(name, int):
            return SeedStream(key=self.mix((self.key + 0xD1B54A32D192ED03 * (name + 1)) & MASK))
        value = 0xCBF29CE484222325
        for byte in name.encode():
            value = ((value ^ byte) * 0x100000001B3) & MASK
        return SeedStream(key=self.mix(self.key ^ value))

    def bits(self, index):
        return self.mix((self.key + 0x9E3779B97F4A7C15 * (index + 1)) & MASK)

    def integer(self, bound, index):
        return self.bits(index) * bound >> 64

    def uniforms(self, count):
        return [(self.bits(index) >> 40) * 2.0**-24 for index in range(count)]
