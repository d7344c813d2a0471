/** The driver's client by itself, which its types do not know. */
declare module 'pg/lib/client' {
  export { Client as default } from 'pg';
}
