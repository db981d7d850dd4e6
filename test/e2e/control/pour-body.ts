import { request } from 'node:http'

export interface Poured {
  status: number
  text: string
}

const CHUNK = Buffer.alloc(64 * 1024, 'x')

/**
 * Sends a body of so many bytes, as fast as it is taken, until it is answered. As a browser does, it reads
 * an answer that comes before all is sent; a connection that is cut before any answer is an error.
 */
export function pourBody({
  url,
  token,
  type,
  head,
  bytes,
  isAnnounced,
}: {
  url: string
  token: string
  type: string
  /** What the body begins with; the rest is of no meaning. */
  head: Buffer
  bytes: number
  /** By a Content-Length; otherwise it comes in chunks of which nobody knows how many follow. */
  isAnnounced: boolean
}): Promise<Poured> {
  return new Promise((resolve, reject) => {
    const sending = request(url, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'content-type': type,
        ...(isAnnounced ? { 'content-length': bytes } : { 'transfer-encoding': 'chunked' }),
      },
    })
    let isAnswered = false
    let left = bytes - head.byteLength
    const pour = () => {
      if (isAnswered) return
      while (left > 0) {
        const chunk = CHUNK.subarray(0, left)
        left -= chunk.byteLength
        if (!sending.write(chunk)) return
      }
      sending.end()
    }
    sending.on('drain', pour)
    sending.on('error', reject)
    sending.on('response', (answer) => {
      isAnswered = true
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', (piece: string) => (text += piece))
      answer.on('error', reject)
      answer.on('end', () => {
        resolve({ status: answer.statusCode ?? 0, text })
        sending.destroy()
      })
    })
    sending.write(head)
    pour()
  })
}
