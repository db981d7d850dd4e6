/** The local wall time of an instant, such as `2026-11-21T08:30`; empty without an instant. */
export function toWall(iso: string | null | undefined): string {
  if (!iso) return ''
  const at = new Date(iso)
  if (Number.isNaN(at.getTime())) return ''
  const two = (part: number) => String(part).padStart(2, '0')
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}`
}

/** The instant (ISO, UTC) of a local wall time; null for an empty or invalid text. */
export function fromWall(wall: string): string | null {
  if (!wall) return null
  const at = new Date(wall)
  return Number.isNaN(at.getTime()) ? null : at.toISOString()
}

/** The IANA name of the local time zone. */
export const zoneName = (): string => new Intl.DateTimeFormat().resolvedOptions().timeZone
