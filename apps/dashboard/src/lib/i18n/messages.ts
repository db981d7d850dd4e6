/**
 * The type of an area of words in other languages, from the English one: the same keys with text or
 * with a function that takes the same. A missing or an extra key fails svelte-check.
 */
export type Messages<English> = {
  readonly [Key in keyof English]: English[Key] extends string
    ? string
    : English[Key] extends (...values: never[]) => string
      ? English[Key]
      : Messages<English[Key]>
}
