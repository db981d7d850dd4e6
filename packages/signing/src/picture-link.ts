/** The picture that a link refers to. */
export interface PictureRef {
  /** The image job's id. */
  task: string
  /** The picture's index in the job. */
  index: number
}

/** Signs and checks `/p/img/{task}/{index}?exp=<unix s>&sig=<hex>` (client contract, issue "The API"). */
export interface PictureLinks {
  /** The absolute URL of a picture, valid until `expiresAt`. */
  sign(picture: PictureRef, expiresAt: Date): string
  /** Verifies a received link. Other query parameters select a variant of the picture and are not signed. */
  check(
    picture: { task: string; index: string },
    query: { exp: string | undefined; sig: string | undefined },
    now: Date,
  ): 'valid' | 'expired' | 'forged'
}
