/** Random choices that come out the same for the same seed (mulberry32), so that a run's faults can be chosen again. */
export interface Dice {
  /** In [0, 1). */
  roll(): number;
  /** In [least, most). */
  between(least: number, most: number): number;
  chance(probability: number): boolean;
  /** Throws where there is nothing to pick from. */
  pick<T>(items: readonly T[]): T;
}

export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  const roll = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    roll,
    between: (least, most) => least + roll() * (most - least),
    chance: (probability) => roll() < probability,
    pick<T>(items: readonly T[]) {
      if (items.length === 0) throw new Error('there is nothing to pick from');
      return items[Math.floor(roll() * items.length)] as T;
    },
  };
}
