import { sql, type Kysely, type Migration } from 'kysely';

/**
 * The steps of the database, by name, each run once and never edited after a release: a change is a
 * new step. Plain SQL that SQLite and PostgreSQL both take, but for the triggers.
 */
export const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-spine': { up: (db) => runAll(db, SPINE) },
  '0002-device-signals': { up: (db) => runAll(db, DEVICE_SIGNALS) },
  '0003-recall': { up: (db) => runAll(db, RECALL) },
  '0003-signing-events': { up: (db) => runAll(db, SIGNING_EVENTS) },
  '0004-components': { up: (db) => runAll(db, COMPONENTS) },
  '0004-expiry-notices': { up: (db) => runAll(db, EXPIRY_NOTICES) },
  '0005-offline-words': { up: (db) => runAll(db, OFFLINE_WORDS) },
  '0005-waiting': { up: (db) => runAll(db, WAITING) },
};

const SPINE: readonly string[] = [
  `create table metadata (
     repository text not null, role text not null, version integer not null,
     bytes blob not null, expires_at text not null,
     primary key (repository, role, version))`,
  `create table products (
     id text primary key, hardware_ids text not null, created_at text not null)`,
  `create table blobs (
     sha256 text primary key, length integer not null, media_type text not null,
     published integer not null, created_at text not null)`,
  `create table releases (
     product text not null references products (id), version text not null,
     manifest_sha256 text not null unique, manifest blob not null,
     security_epoch integer not null, class text not null, hardware_ids text not null,
     state text not null, published_at text not null,
     primary key (product, version))`,
  `create table release_files (
     manifest_sha256 text not null references releases (manifest_sha256),
     kind text not null, sha256 text not null references blobs (sha256),
     primary key (manifest_sha256, kind, sha256))`,
  `create table devices (
     id text primary key, public_key text not null unique, product text not null,
     hardware_id text not null, state text not null, enrolled_at text not null,
     last_seen_at text, presence text not null, last_report_number integer not null,
     running_manifest_sha256 text, running_version text, running_installed_sha256 text,
     running_slot text, security_epoch integer not null,
     proven_manifest_sha256 text, desired_manifest_sha256 text, rollout text)`,
  `create index devices_by_product on devices (product, state)`,
  `create table enrolment_tokens (
     hash text primary key, name text not null, product text, uses_left integer not null,
     accepts integer not null, created_at text not null, expires_at text not null)`,
  `create table operator_tokens (
     hash text primary key, name text not null, role text not null,
     created_at text not null, expires_at text, revoked_at text)`,
  `create table director_bundles (
     device text primary key references devices (id), version integer not null,
     etag text not null, bytes blob not null, manifest_sha256 text, expires_at text not null)`,
  `create index director_bundles_by_expiry on director_bundles (expires_at)`,
  `create table rollouts (
     id text primary key, product text not null, version text not null,
     manifest_sha256 text not null references releases (manifest_sha256),
     state text not null, phase integer not null, reason text,
     created_at text not null, changed_at text not null)`,
  `create table rollout_phases (
     rollout text not null references rollouts (id), phase integer not null,
     percent integer not null, success_percent integer not null, failure_percent integer not null,
     members integer not null, offered integer not null, proven integer not null,
     failed integer not null,
     primary key (rollout, phase))`,
  `create table assignments (
     rollout text not null references rollouts (id), device text not null references devices (id),
     phase integer not null, state text not null, code text, detail text, changed_at text not null,
     primary key (rollout, device))`,
  `create index assignments_by_phase on assignments (rollout, phase, state)`,
  `create table reports (
     device text not null references devices (id), number integer not null,
     envelope blob not null, kind text not null, received_at text not null,
     primary key (device, number))`,
  `create table audit (
     sequence integer primary key, at text not null, actor text not null, action text not null,
     subject text not null, before text, after text,
     previous_hash text not null, hash text not null)`,
  ...['audit', 'reports', 'metadata'].flatMap(appendOnly),
];

const DEVICE_SIGNALS: readonly string[] = [
  `create table device_signals (
     device text primary key references devices (id), clock text, verified_time text,
     metadata text, notice text)`,
];

const RECALL: readonly string[] = [
  // What was published before there were counters is older than whatever has one.
  `alter table releases add column release_counter integer not null default 0`,
  `alter table releases add column recalled_at text`,
  `alter table releases add column recall_reason text`,
  `alter table releases add column move_to text`,
  `alter table rollouts add column only_running text`,
  `create index devices_by_running on devices (running_manifest_sha256)`,
  `create index release_files_by_blob on release_files (sha256)`,
];

const SIGNING_EVENTS: readonly string[] = [
  `create table signing_events (
     id text primary key, title text not null, state text not null, opened_by text not null,
     opened_at text not null, closed_at text, products text not null)`,
  `create index signing_events_by_state on signing_events (state, opened_at)`,
  `create table signing_event_files (
     event text not null references signing_events (id), repository text not null,
     role text not null, version integer not null, expires_at text not null,
     signed blob not null, requirements text,
     primary key (event, repository, role))`,
  `create table signing_event_manifests (
     event text not null references signing_events (id), position integer not null,
     manifest blob not null, primary key (event, position))`,
  `create table signing_event_signatures (
     event text not null references signing_events (id), repository text not null,
     role text not null, keyid text not null, sig text not null, signed_by text not null,
     signed_at text not null, primary key (event, repository, role, keyid))`,
];

const EXPIRY_NOTICES: readonly string[] = [
  `create table expiry_notices (
     repository text not null, role text not null, version integer not null, level text not null,
     primary key (repository, role))`,
];

/** JSON lists: what a device says stands of each component, and what it proved by a receipt. */
const COMPONENTS: readonly string[] = [
  'alter table devices add column running_components text',
  'alter table devices add column proven_components text',
];

const WAITING: readonly string[] = ['alter table device_signals add column waiting text'];

/** Words that people carry to devices; no reference to devices, of which some have never been here. */
const OFFLINE_WORDS: readonly string[] = [
  `create table offline_words (
     device text not null, version integer not null,
     manifest_sha256 text not null references releases (manifest_sha256),
     signed_at text not null, expires_at text not null,
     primary key (device, version))`,
  ...appendOnly('offline_words'),
];

/** The database itself refuses to rewrite history, whatever a query says. */
function appendOnly(table: string): readonly string[] {
  return ['update', 'delete'].map(
    (verb) => `create trigger ${table}_no_${verb} before ${verb} on ${table}
      begin select raise(abort, '${table} is append-only'); end`,
  );
}

async function runAll(db: Kysely<unknown>, statements: readonly string[]): Promise<void> {
  for (const statement of statements) await sql.raw(statement).execute(db);
}
