/** Who a token belongs to, as for HTTP. */
export type TokenVerdict =
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'refused'; readonly code: string };

/** What happened to a connection, for the log. */
export interface BrokerEvent {
  readonly event:
    | 'mqtt_refused'
    | 'mqtt_publish_refused'
    | 'mqtt_subscribe_refused'
    | 'mqtt_reports_refused'
    | 'mqtt_connection_failed';
  readonly device: string | null;
  readonly code: string;
  readonly detail: string;
}

/** What the broker needs of the rest of the server. */
export interface BrokerDeps {
  readonly host: string;
  readonly port: number;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  readonly maxConnections: number;
  readonly verifyDeviceToken: (token: string) => Promise<TokenVerdict>;
  /** Stores reports; what it answers as stored is on disk. */
  readonly receiveReports: (
    deviceId: string,
    bytes: Uint8Array,
  ) => Promise<
    | { readonly kind: 'stored'; readonly stored: number }
    | { readonly kind: 'malformed_request' | 'report_refused'; readonly message: string }
  >;
  /** The bundle that a device is sent when it subscribes to its assignment. */
  readonly loadAssignment: (deviceId: string) => Promise<Uint8Array | undefined>;
  /** A device came, went, or was heard of. */
  readonly sighted: (deviceId: string, presence?: 'online' | 'offline') => void;
  readonly log: (event: BrokerEvent) => void;
}
