/** The settings of a running server, after flags, environment, file and defaults. See `table.ts` for what each one means. */
export interface Settings {
  host: string;
  port: number;
}
