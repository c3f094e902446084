import { connectAsync, type IClientOptions, type MqttClient } from 'mqtt';

/** How a test's client says who it is. */
export interface Login {
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly protocolVersion?: 4 | 5;
  readonly options?: Partial<IClientOptions>;
}

/** Connects the real client once, without trying again; rejects when it is refused. */
export function connectMqtt({ port, protocolVersion = 4, ...login }: Login): Promise<MqttClient> {
  const { username, password, clientId, options } = login;
  return connectAsync(
    `mqtt://127.0.0.1:${port}`,
    {
      protocolVersion,
      reconnectPeriod: 0,
      connectTimeout: 5_000,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
      ...(clientId !== undefined && { clientId }),
      ...options,
    },
    false,
  );
}

/** The next message on a topic. */
export function nextMessage(client: MqttClient, topic: string): Promise<string> {
  return new Promise((resolve) => {
    const take = (on: string, payload: Buffer): void => {
      if (on !== topic) return;
      client.off('message', take);
      resolve(payload.toString('utf8'));
    };
    client.on('message', take);
  });
}

/** Resolves when the broker has ended the connection. */
export function whenClosed(client: MqttClient): Promise<void> {
  return new Promise((resolve) => {
    if (!client.connected) resolve();
    else client.once('close', resolve);
  });
}
