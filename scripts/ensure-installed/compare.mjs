/**
 * Whether a Node version lies in a range like `^20.19.0 || ^22.12.0`: the only form that our
 * package.json uses.
 */
export function isInRange(version, range) {
  const have = numbersOf(version);
  return range.split('||').some((part) => isAtLeast(have, numbersOf(part)));
}

/**
 * Why the installed packages are not those of package-lock.json, or undefined when they are.
 *
 * npm writes the second file last, so a broken-off installation has none. Packages that npm may
 * leave out (optional, for other platforms) do not count when they are absent.
 */
export function whyNotInstalled(wanted, installed) {
  if (installed === undefined) return 'there is no complete node_modules yet';
  for (const [path, { version, optional }] of Object.entries(wanted.packages)) {
    if (path === '') continue;
    const have = installed.packages[path]?.version;
    if (have === version || (have === undefined && optional === true)) continue;
    return `${path} is ${have ?? 'missing'}, package-lock.json wants ${version}`;
  }
  return undefined;
}

function numbersOf(text) {
  const [major = 0, minor = 0, patch = 0] = (text.match(/\d+/g) ?? []).map(Number);
  return { major, minor, patch };
}

function isAtLeast(have, floor) {
  if (have.major !== floor.major) return false;
  if (have.minor !== floor.minor) return have.minor > floor.minor;
  return have.patch >= floor.patch;
}
