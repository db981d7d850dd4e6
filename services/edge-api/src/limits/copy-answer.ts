import type { StoredAnswer } from '../store/answer-store.ts'

/** Larger response bodies are not stored; a repeat is answered with an error. */
export const COPY_BYTES_MAX = 4 * 1024 * 1024

/** Copies a response while it is sent, to replay it for the same Idempotency-Key. */
export class CopiedAnswer {
  private status = 0
  private contentType = ''
  private chunks: Uint8Array[] = []
  private bytes = 0

  begin(status: number, contentType: string): void {
    this.status = status
    this.contentType = contentType
  }

  add(bytes: Uint8Array): void {
    this.bytes += bytes.length
    if (this.bytes <= COPY_BYTES_MAX) this.chunks.push(bytes)
    else this.chunks = []
  }

  /** The response to store; the body is null when it was too large. */
  answer(requestId: string): StoredAnswer {
    const { status, contentType } = this
    const body = this.bytes <= COPY_BYTES_MAX ? Buffer.concat(this.chunks) : null
    return { status, contentType, body, requestId }
  }
}
