import type { JSX } from 'hono/jsx/jsx-runtime';
import type { Device } from '../devices/inventory-store.ts';
import type { Newest } from './status.ts';
import { Instant, OnlyNewest, State } from './words.tsx';

interface DeviceTableProps {
  readonly devices: Newest<Device>;
  readonly shown: number;
}

/** Devices with what they run, and what they refused or left and why. */
export function DeviceTable({ devices, shown }: DeviceTableProps): JSX.Element {
  return (
    <section aria-labelledby="devices">
      <h2 id="devices">Devices</h2>
      <OnlyNewest more={devices.more} shown={shown} of="devices" />
      {devices.rows.length === 0 ? (
        <p class="note">No device yet.</p>
      ) : (
        <div class="wide" role="region" aria-labelledby="devices" tabindex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">Device</th>
                <th scope="col">State</th>
                <th scope="col">Runs</th>
                <th scope="col">Assigned</th>
                <th scope="col">Last seen</th>
              </tr>
            </thead>
            <tbody>
              {devices.rows.map((device) => (
                <DeviceRow device={device} />
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function DeviceRow({ device }: { readonly device: Device }): JSX.Element {
  const { id, product, hardwareId, state, presence, running, lastSeenAt } = device;
  return (
    <tr>
      <th scope="row">
        {id}
        <span class="note">
          {product}, {hardwareId}
        </span>
      </th>
      <td>
        <State state={state} /> <State state={presence} />
      </td>
      <td>
        {running === null ? (
          <span class="note">nothing reported</span>
        ) : (
          <>
            {running.version}
            <span class="note">
              slot {running.slot}, epoch {running.securityEpoch}
            </span>
          </>
        )}
      </td>
      <td>
        <Assignment assignment={device.assignment} />
        <Signals device={device} />
      </td>
      <td>{lastSeenAt === null ? <span class="note">never</span> : <Instant at={lastSeenAt} />}</td>
    </tr>
  );
}

/** What the device says of its way to us: nothing, when all is well. */
function Signals({ device: { time, noticed } }: { readonly device: Device }): JSX.Element {
  return (
    <>
      {time === null || time.clock === 'trusted' ? null : (
        <span class="why">
          no clock: <code>{time.clock}</code>
        </span>
      )}
      {noticed === null ? null : (
        <span class="why">
          noticed <code>{noticed.attack}</code> since <Instant at={noticed.since} />,{' '}
          {noticed.times} times
        </span>
      )}
    </>
  );
}

function Assignment({ assignment }: { readonly assignment: Device['assignment'] }): JSX.Element {
  if (assignment === null) return <span class="note">nothing</span>;
  const { version, state, code, detail } = assignment;
  return (
    <>
      {version} <State state={state} />
      {code === null ? null : (
        <span class="why">
          <code>{code}</code> {detail}
        </span>
      )}
    </>
  );
}
