export type Encoding = 'br' | 'gzip'

/** The first supported encoding that the client accepts (RFC 9110 §12.5.3), or undefined. */
export function preferredEncoding(
  acceptEncoding: string | null,
  ours: readonly Encoding[],
): Encoding | undefined {
  const weights = new Map<string, number>()
  for (const part of (acceptEncoding ?? '').toLowerCase().split(',')) {
    const [coding = '', ...parameters] = part.split(';').map((word) => word.trim())
    const weight = parameters.find((parameter) => parameter.startsWith('q='))
    weights.set(coding, weight === undefined ? 1 : Number(weight.slice(2)))
  }
  return ours.find((coding) => (weights.get(coding) ?? weights.get('*') ?? 0) > 0)
}
