import type { AedesOptions, AuthenticateError, Client } from 'aedes';
import { DeviceId } from '../../shared/protocol/device-id.ts';
import { deviceTopics } from '../../shared/protocol/topics.ts';
import type { BrokerDeps, BrokerEvent } from './broker-deps.ts';
import { mayPublish, maySubscribe } from './topic-rules.ts';

type Rules = Required<
  Pick<
    AedesOptions,
    'preConnect' | 'authenticate' | 'authorizePublish' | 'authorizeSubscribe' | 'published'
  >
>;

// MQTT 3.1.1, table 3.1.
const BAD_USER_NAME_OR_PASSWORD = 4;
const NOT_AUTHORIZED = 5;

/** As much of a topic of theirs as goes into a log. */
const MAX_LOGGED = 200;

/** Who may do what on the broker. Whatever is not allowed here is refused. */
export function brokerRules(deps: BrokerDeps, acknowledge: Acknowledge): Rules {
  return {
    preConnect: (_client, packet, done) => {
      const deviceId = DeviceId.safeParse(packet.username);
      // A device is known by its user name alone. With a client id of its own choice it could take
      // the place of another device, whose connection the broker would end.
      packet.clientId = deviceId.success ? deviceId.data : '';
      packet.clean = true;
      done(null, true);
    },
    authenticate: (client, username, password, done) => {
      authenticate(deps, client, { username, password }).then(
        (refusal) => {
          if (refusal === undefined) {
            done(null, true);
            return;
          }
          deps.log({ event: 'mqtt_refused', device: username ?? null, ...refusal });
          done(authenticateError(refusal.code), null);
        },
        (cause: unknown) => {
          done(cause as AuthenticateError, null);
        },
      );
    },
    ...topicRules(deps),
    published: published(deps, acknowledge),
  };
}

type Acknowledge = (deviceId: string, stored: number) => void;

function topicRules(deps: BrokerDeps): Pick<Rules, 'authorizePublish' | 'authorizeSubscribe'> {
  return {
    authorizePublish: (client, packet, done) => {
      packet.retain = false; // only the server says what is retained
      const detail = client === null ? undefined : publishRefusal(client.id, packet);
      if (client === null || detail === undefined) {
        done(null);
        return;
      }
      const device = client.id;
      deps.log({ event: 'mqtt_publish_refused', device, code: 'not_authorized', detail });
      done(new Error(`may not publish: ${detail}`)); // the broker closes the connection
    },
    authorizeSubscribe: (client, subscription, done) => {
      if (maySubscribe(client.id, subscription.topic)) {
        done(null, subscription);
        return;
      }
      deps.log({
        event: 'mqtt_subscribe_refused',
        device: client.id,
        code: 'not_authorized',
        detail: subscription.topic.slice(0, MAX_LOGGED),
      });
      done(null, null); // answered with failure (MQTT 3.1.1, 3.9.3)
    },
  };
}

function published(deps: BrokerDeps, acknowledge: Acknowledge): Rules['published'] {
  return (packet, client: Client | null, done) => {
    if (client === null || packet.topic !== deviceTopics(client.id).reports) {
      done(null);
      return;
    }
    takeReports(deps, client.id, Buffer.from(packet.payload)).then(
      (stored) => {
        acknowledge(client.id, stored);
        done(null);
      },
      (cause: unknown) => {
        done(cause as Error);
      },
    );
  };
}

interface Claim {
  readonly username: string | undefined;
  readonly password: Buffer | undefined;
}

type AuthRefusal = Pick<BrokerEvent, 'code' | 'detail'>;

/** Why a connection is refused, or undefined when it is let in. */
async function authenticate(
  { verifyDeviceToken }: BrokerDeps,
  client: Client,
  { username, password }: Claim,
): Promise<AuthRefusal | undefined> {
  if (username === undefined || password === undefined) {
    return { code: 'unauthorized', detail: 'no user name or no password' };
  }
  if (client.id !== username) {
    return { code: 'unauthorized', detail: 'its user name is no device id' };
  }
  const verdict = await verifyDeviceToken(password.toString('utf8'));
  if (verdict.kind === 'refused') return { code: verdict.code, detail: 'its token was refused' };
  if (verdict.id !== username) {
    return { code: 'unauthorized', detail: `its token is of ${verdict.id}` };
  }
  const will = willOf(client);
  if (will !== undefined && will !== deviceTopics(username).presence) {
    return { code: 'not_authorized', detail: 'its will is on a topic that is not its presence' };
  }
  return undefined;
}

function authenticateError(code: string): AuthenticateError {
  const returnCode = code === 'unauthorized' ? BAD_USER_NAME_OR_PASSWORD : NOT_AUTHORIZED;
  // eslint-disable-next-line @typescript-eslint/no-unsafe-enum-assignment -- it exists only in aedes' types
  return Object.assign(new Error(code), { returnCode });
}

function publishRefusal(
  device: string,
  {
    topic,
    qos,
    payload,
  }: { readonly topic: string; readonly qos: number; readonly payload: Buffer | string },
): string | undefined {
  if (!mayPublish(device, topic)) return topic.slice(0, MAX_LOGGED);
  if (qos > 1) return 'QoS 2'; // reports are numbered: once is guaranteed by us, not by the broker
  if (topic === deviceTopics(device).presence && !PRESENCE.has(payload.toString()))
    return 'presence';
  return undefined;
}

const PRESENCE: ReadonlySet<string> = new Set(['online', 'offline']);

async function takeReports(deps: BrokerDeps, device: string, bytes: Buffer): Promise<number> {
  const receipt = await deps.receiveReports(device, bytes);
  if (receipt.kind === 'stored') return receipt.stored;
  const { kind: code, message: detail } = receipt;
  deps.log({ event: 'mqtt_reports_refused', device, code, detail });
  throw new Error(`${code}: ${detail}`); // no acknowledgement, and the connection ends
}

/** aedes keeps the will of a client that is not authenticated yet where its types do not show it. */
function willOf(client: Client): string | undefined {
  const { _will: will } = client as Client & { readonly _will?: { readonly topic: string } | null };
  return will?.topic;
}
