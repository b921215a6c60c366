// Loaded before every test file.
import { afterAll } from "bun:test";
import { stopDaemons } from "./fleet/daemon.ts";

// behind the last test of all files; a listener to the end of the process is never called
afterAll(stopDaemons, 60_000);
