/**
 * The type of an area in other languages, derived from the English one: the same keys, each with text or
 * a function with the same parameters. A missing or extra key fails svelte-check.
 */
export type Messages<English> = {
  readonly [Key in keyof English]: English[Key] extends string
    ? string
    : English[Key] extends (...values: never[]) => string
      ? English[Key]
      : Messages<English[Key]>
}
