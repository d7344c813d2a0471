/** Holds a schema of the OpenAPI document against the type that the gateway writes: the compiler refuses a key that only one of them has. */
import type * as z from 'zod';

/** Without `readonly` and `?`: those do not show in JSON that was written. */
type Plain<T> = T extends readonly (infer Item)[]
  ? Plain<Item>[]
  : T extends object
    ? { -readonly [Key in keyof T]-?: Plain<Exclude<T[Key], undefined>> }
    : T;

type IsSame<A, B> = [Plain<A>] extends [Plain<B>] ? ([Plain<B>] extends [Plain<A>] ? true : false) : false;

/** `describes<Fleet>()(z.object({ … }))` is the schema, where it says what `Fleet` says. */
export function describes<T>() {
  return <Schema extends z.ZodType>(
    schema: IsSame<T, z.output<Schema>> extends true ? Schema : { readonly 'The schema differs from the type': Schema },
  ): Schema => schema as Schema;
}
