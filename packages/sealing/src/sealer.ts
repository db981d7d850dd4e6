/** A sealed secret: the key id, and base64 of nonce, ciphertext and tag. */
export interface Sealed {
  keyId: string
  box: string
}

/** The row and column of a secret, part of the additional data: a box moved elsewhere cannot be opened. */
export interface SealBinding {
  table: string
  column: string
  rowId: string
}

/** AES-256-GCM envelopes for secrets at rest. The newest key seals; all keys open. */
export interface Sealer {
  seal(binding: SealBinding, secret: string): Sealed
  /** Returns the secret; throws `internal_error` for an unknown key id, a moved or a damaged box. */
  open(binding: SealBinding, sealed: Sealed): string
  /** True when the box was sealed by an older key and should be resealed. */
  isStale(sealed: Sealed): boolean
}

/** The binding of a credential's secret, used by the scheduler (seals) and the readers (open). */
export const credentialSecretBinding = (credentialId: string): SealBinding => ({
  table: 'credentials',
  column: 'secret',
  rowId: credentialId,
})
