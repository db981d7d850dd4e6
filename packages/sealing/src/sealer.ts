/** A secret as it lies at rest and travels: the key's id and base64 of nonce, ciphertext and tag. */
export interface Sealed {
  keyId: string
  box: string
}

/** Where a secret belongs; part of the additional data, so that a box moved to another row does not open. */
export interface SealBinding {
  table: string
  column: string
  rowId: string
}

/** AES-256-GCM envelopes for secrets at rest. Several keys may open; the newest seals. */
export interface Sealer {
  seal(place: SealBinding, secret: string): Sealed
  /** The secret; throws `internal_error` for an unknown key id, a moved or a damaged box. */
  open(place: SealBinding, sealed: Sealed): string
  /** True when the box was sealed by an older key and should be sealed anew. */
  isStale(sealed: Sealed): boolean
}

/** The place of a credential's secret, agreed between the scheduler (seals) and its readers (open). */
export const credentialSecretBinding = (credentialId: string): SealBinding => ({
  table: 'credentials',
  column: 'secret',
  rowId: credentialId,
})
