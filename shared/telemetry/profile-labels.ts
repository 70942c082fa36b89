/** Whose work a sample of a profile was taken in. While nothing is profiled there are no labels, and nothing is done for them. */

/** Read when the profile is made: a route that is known only at an invocation's end is so for all of its samples. */
export interface ProfileLabels {
  function: string;
  route: string;
}

/** Runs `work`, with everything that it awaits, under these labels. */
export type Labeller = <T>(labels: ProfileLabels, work: () => T) => T;

export interface Labelling {
  run: Labeller;
  /** Whose work is what no function claims. */
  service: string;
}

let labelling: Labelling | undefined;

/** Turns labels on, or off again. */
export function useProfileLabels(made: Labelling | undefined): void {
  labelling = made;
}

export function profileLabelsInUse(): Labelling | undefined {
  return labelling;
}
