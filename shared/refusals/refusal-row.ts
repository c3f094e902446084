/** What a refusal enforces, stops and means. */
export interface RefusalRow {
  /** The clause of the specification, or the section of ARCHITECTURE.md where we are stricter. */
  readonly clause: `${'TUF' | 'Uptane' | 'Sealift'} ${string}`;
  readonly attack: string;
  /** For the person who must act. */
  readonly says: string;
}
