/** Undefined when healthy, or what is wrong, for people. */
export type Ailment = string | undefined;
