import { generateKeyPairSync, sign } from 'node:crypto'

/** Key and certificate as PEM, for a TLS server that clients do not trust. */
export interface SelfSigned {
  key: string
  cert: string
}

/** Creates a self-signed X.509 certificate (RFC 5280) for `host`, valid for 30 years. */
export function selfSigned({ host }: { host: string }): SelfSigned {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const name = sequence(set(sequence(oid('550403'), tagged(0x0c, Buffer.from(host)))))
  const body = sequence(
    tagged(0xa0, integer(2)),
    integer(1),
    ecdsaWithSha256,
    name,
    sequence(utcTime('200101000000Z'), utcTime('491231235959Z')),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(subjectAltName(host))),
  )
  const signature = sign('sha256', body, privateKey)
  const der = sequence(body, ecdsaWithSha256, tagged(0x03, Buffer.from([0]), signature))
  const lines = der.toString('base64').replaceAll(/.{64}/g, '$&\n')
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`,
  }
}

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const head = length < 128 ? [tag, length] : [tag, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), content])
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, ...parts)
}

function set(...parts: Buffer[]): Buffer {
  return tagged(0x31, ...parts)
}

function integer(value: number): Buffer {
  return tagged(0x02, Buffer.from([value]))
}

function oid(hex: string): Buffer {
  return tagged(0x06, Buffer.from(hex, 'hex'))
}

function utcTime(text: string): Buffer {
  return tagged(0x17, Buffer.from(text))
}

function subjectAltName(host: string): Buffer {
  const names = sequence(tagged(0x82, Buffer.from(host)))
  return sequence(oid('551d11'), tagged(0x04, names))
}

const ecdsaWithSha256 = sequence(oid('2a8648ce3d040302'))
