import type { FileStatus } from './ceremony/status.ts';

/**
 * What an author should hear before it is too late: once a file has expired, devices refuse everything
 * that rests on it. Said from 60 days on, for holders must be brought together. Not about the product
 * that is just being published: its role gets a new expiry with that.
 */
export function expiryNotices(files: readonly FileStatus[], published: string): readonly string[] {
  return files
    .filter(({ level, role }) => level !== 'ok' && role !== published)
    .map(({ repository, role, expires, daysLeft }) => {
      const day = expires.slice(0, 10);
      const when = daysLeft < 0 ? `expired on ${day}` : `expires on ${day}, in ${daysLeft} days`;
      return `warning: ${nameOf(repository, role)} ${when}; devices then refuse what rests on it. Renew it: sealift keys renew ${optionFor(role)}`;
    });
}

function nameOf(repository: string, role: string): string {
  return role === 'root' || role === 'targets' ? `${repository} ${role}` : `product ${role}`;
}

function optionFor(role: string): string {
  if (role === 'root') return '--root';
  return role === 'targets' ? '--targets' : `--product ${role}`;
}
