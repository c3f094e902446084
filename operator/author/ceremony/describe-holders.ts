import { HOLDERS_FIELD, holdersOf } from '../../../shared/ceremony/holders.ts';
import { describeRest, fieldsOf, isSame } from './describe-rest.ts';
import { change, shortId, type Finding } from './finding.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * What changes in our own field besides the names, which are told with the keys: dates, and whatever
 * stands there that is about no key of the file.
 */
export function describeHolders(
  name: string,
  before: Fields,
  after: Fields,
  keyIds: readonly string[],
): readonly Finding[] {
  const [was, is] = [fieldsOf(before[HOLDERS_FIELD]), fieldsOf(after[HOLDERS_FIELD])];
  return [
    ...describeRest(`${name} ${HOLDERS_FIELD}`, was, is, ['holders']),
    ...describeRest(`${name} holders`, fieldsOf(was['holders']), fieldsOf(is['holders']), keyIds),
    ...keyIds.flatMap((id) => entryChange(name, id, before, after)),
  ];
}

function entryChange(name: string, id: string, before: Fields, after: Fields): readonly Finding[] {
  const [was, is] = [holdersOf(before).get(id), holdersOf(after).get(id)];
  const isToldWithKey = was === undefined || is === undefined || was.name !== is.name;
  if (isToldWithKey || isSame(was, is)) return [];
  return [change(`${name}: ${is.name} holds key ${shortId(id)} since ${is.since}`)];
}
