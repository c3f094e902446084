import { InvalidArgumentError } from 'commander';
import { Name } from '../../shared/release/names.ts';
import { installerNamed, type InstallerChoice } from '../author/read-artifact.ts';

/** A product, version, component or hardware id. */
export function parseName(text: string): string {
  const name = Name.safeParse(text);
  if (name.success) return name.data;
  throw new InvalidArgumentError(`it ${name.error.issues[0]?.message ?? 'is not a name'}`);
}

/** One more name of an option that takes several. */
export function parseNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, parseName(text)];
}

/** `COMPONENT=VALUE`. */
export function parseNamed(text: string): readonly [component: string, value: string] {
  const [, component, value = ''] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (component === undefined) throw new InvalidArgumentError('it must be COMPONENT=VALUE');
  return [parseName(component), value];
}

/** An artifact as `--artifact` names it; what is left out comes from the options for all. */
export interface ArtifactOption {
  readonly path: string;
  readonly component?: string;
  readonly installer?: InstallerChoice;
}

/** `archive`, `image` or `module:TYPE`. */
export function parseInstaller(text: string): InstallerChoice {
  const installer = installerNamed(text);
  if (installer !== undefined) return installer;
  throw new InvalidArgumentError('it must be archive, image or module:TYPE');
}

/** `FILE` or `COMPONENT=FILE[:INSTALLER]`, one more of them. `./` before a file keeps its `=` and `:`. */
export function parseArtifact(
  text: string,
  before: readonly ArtifactOption[] = [],
): readonly ArtifactOption[] {
  const [, component, rest = ''] = /^([^=/]+)=(.+)$/.exec(text) ?? [];
  if (component === undefined) return [...before, { path: text }];
  const [, suffix = ''] = /:(archive|image|module:[^:/]+)$/.exec(rest) ?? [];
  const installer = installerNamed(suffix);
  const named = { component: parseName(component) };
  if (installer === undefined) return [...before, { ...named, path: rest }];
  return [...before, { ...named, path: rest.slice(0, -installer.length - 1), installer }];
}

/** A whole number between two bounds. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`it must be a whole number from ${min} to ${max}`);
  };
}

/** `HH:MM-HH:MM`, UTC. */
export function parseWindow(text: string): { readonly from: string; readonly to: string } {
  const time = '([01]\\d|2[0-3]):[0-5]\\d';
  if (!new RegExp(`^${time}-${time}$`).test(text)) {
    throw new InvalidArgumentError('it must be HH:MM-HH:MM, for example 01:00-05:30');
  }
  return { from: text.slice(0, 5), to: text.slice(6) };
}

/** `10,50,100`: each larger than the one before. */
export function parsePercents(text: string): readonly number[] {
  const percents = text.split(',').map(wholeNumber(1, 100));
  if (percents.some((percent, i) => i > 0 && percent <= (percents[i - 1] ?? 0))) {
    throw new InvalidArgumentError('each phase must reach more than the one before');
  }
  return percents;
}

/** A day, `YYYY-MM-DD`, that exists. */
export function parseDay(text: string): string {
  const date = new Date(`${text}T00:00:00Z`);
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(date.getTime())) {
    if (date.toISOString().startsWith(text)) return text;
  }
  throw new InvalidArgumentError('it must be a day such as 2031-12-31');
}

/** One more of an option that may be given several times. */
export function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
