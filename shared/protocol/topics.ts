const PREFIX = 'sealift/v1';

/** The MQTT topics of one device (ARCHITECTURE "The wire"). It may use these and no others. */
export function deviceTopics(deviceId: string): DeviceTopics {
  const own = `${PREFIX}/devices/${deviceId}`;
  return {
    assignment: `${own}/assignment`,
    reports: `${own}/reports`,
    acknowledgement: `${own}/reports/ack`,
    presence: `${own}/presence`,
  };
}

export interface DeviceTopics {
  /** To the device, retained: the director bundle. */
  readonly assignment: string;
  /** From the device, QoS 1: DSSE reports. */
  readonly reports: string;
  /** To the device: the highest report number *stored*. */
  readonly acknowledgement: string;
  /** From the device, last will and retained: `online` or `offline`. */
  readonly presence: string;
}

/** To all, retained: the newest image timestamp. */
export const IMAGE_TIMESTAMP_TOPIC = `${PREFIX}/image/timestamp`;

/** To all, retained: the signed manifest of a release, and its SBOM. */
export function releaseTopics(
  product: string,
  version: string,
): { readonly manifest: string; readonly sbom: string } {
  const release = `${PREFIX}/releases/${product}/${version}`;
  return { manifest: `${release}/manifest`, sbom: `${release}/sbom` };
}

/** What every device may read besides its own topics. */
export const PUBLIC_TOPIC_FILTERS = [IMAGE_TIMESTAMP_TOPIC, `${PREFIX}/releases/#`] as const;
