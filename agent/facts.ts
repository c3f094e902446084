// Put in by the build; not there when the sources run by themselves.
declare const SEALIFT_VERSION: string | undefined;
declare const SEALIFT_BUILD_TIME: string | undefined;

/** What the build knows of this agent. */
export const VERSION: string =
  typeof SEALIFT_VERSION === 'undefined' ? '0.0.0-source' : SEALIFT_VERSION;

/** It cannot be earlier than this (TUF 5.1): a clock that says so is wrong. */
export const BUILT_AT: Date = new Date(
  typeof SEALIFT_BUILD_TIME === 'undefined' ? '2026-01-01T00:00:00Z' : SEALIFT_BUILD_TIME,
);
