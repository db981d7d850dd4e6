/**
 * The change that each given member of a PATCH body stands for. Every member of the body has an entry, so that a
 * new member that nothing reads does not compile.
 */
export type PatchMapping<Body, Change> = {
  readonly [Member in keyof Body]-?: (value: Exclude<Body[Member], undefined>) => Change
}

/** The rest of a PATCH body after all members were read: `rest satisfies AllRead` names a forgotten one. */
export type AllRead = Readonly<Record<string, never>>

/** Merges the changes of the given members. Absent and undefined members change nothing; null is a value. */
export function mapPatch<Body extends object, Change extends object>(
  body: Body,
  mapping: PatchMapping<Body, Change>,
): Partial<Change> {
  const changes: Partial<Change> = {}
  for (const member in mapping) {
    const value = body[member]
    if (isGiven(value)) Object.assign(changes, mapping[member](value))
  }
  return changes
}

function isGiven<Value>(value: Value): value is Exclude<Value, undefined> {
  return value !== undefined
}
