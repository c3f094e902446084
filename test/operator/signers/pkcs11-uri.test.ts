import { expect, test } from 'vitest';
import { parseKeys, parseSlots } from '../../../operator/signers/pkcs11-tool.ts';
import { parsePkcs11Uri } from '../../../operator/signers/pkcs11-uri.ts';

test('an example of RFC 7512 is read to its parts', () => {
  const uri =
    'token=Software%20PKCS%2311%20softtoken;manufacturer=Snake%20Oil,%20Inc.;model=1.0;serial=7;' +
    'slot-id=42;object=my-signing-key;type=private;id=%69%95%3e%5c%f4%bd%ec%91' +
    '?pin-source=file:/etc/token_pin&module-path=/usr/lib/mypkcs11.so';
  expect(parsePkcs11Uri(uri)).toEqual({
    token: {
      token: 'Software PKCS#11 softtoken',
      manufacturer: 'Snake Oil, Inc.',
      model: '1.0',
      serial: '7',
    },
    slotId: '42',
    object: 'my-signing-key',
    id: '69953e5cf4bdec91',
    modulePath: '/usr/lib/mypkcs11.so',
    pinSource: 'file:/etc/token_pin',
  });
});

test.each([
  ['an attribute that we could not honour', 'token=a;library-version=3'],
  ['the same attribute twice', 'token=a;token=b'],
  ['a certificate', 'token=a;type=cert'],
  ['a slot that is no number', 'slot-id=0x1'],
  ['a broken escape', 'token=%zz'],
  ['two queries', 'token=a?module-path=/x?module-path=/y'],
  ['a word without a value', 'token'],
])('a URI with %s is refused', (_, uri) => {
  expect(() => parsePkcs11Uri(uri)).toThrow(
    expect.objectContaining({ code: 'signer_uri_invalid' }),
  );
});

test('a PIN in the URI is refused, and not repeated', () => {
  const parse = (): unknown => parsePkcs11Uri('token=a?pin-value=1234');
  expect(parse).toThrow(/a PIN may not stand in it/);
  expect(parse).not.toThrow(/1234/);
});

test('slots and keys are read from what the tool prints', () => {
  const slots = `Available slots:
Slot 0 (0x61f81bc7): SoftHSM slot ID 0x61f81bc7
  token label        : our: token
  token manufacturer : SoftHSM project
  token model        : SoftHSM v2
  token flags        : login required
  serial num         : fa923baee1f81bc7
Slot 1 (0x1): SoftHSM slot ID 0x1
  token state:   uninitialized
`;
  expect(parseSlots(slots)[0]).toEqual({
    slot: '0x61f81bc7',
    says: {
      token: 'our: token',
      manufacturer: 'SoftHSM project',
      model: 'SoftHSM v2',
      serial: 'fa923baee1f81bc7',
    },
  });
  const keys = `Public Key Object; EC  EC_POINT 256 bits
  EC_POINT:   0441
  label:      root
  ID:         0A0B
Certificate Object; type = X.509 cert
  label:      not a key
Public Key Object; RSA 2048 bits
  label:      nameless
`;
  expect(parseKeys(keys)).toEqual([
    { label: 'root', id: '0a0b' },
    { label: 'nameless', id: '' },
  ]);
});
