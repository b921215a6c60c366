/**
 * The settings of several machines that work as one server. On one machine none of them is used.
 *
 * @module
 */
import { hostname } from "node:os";
import { passwordIn } from "./fleet-url.ts";
import { choice, number, optional, path, setting, text, withoutLogin, yesNo } from "./types.ts";

const group = "Several machines";
const endpoint = withoutLogin(text("an http or https URL", /^https?:\/\/[^\s/?#@]+\/?$/));

export const fleet = {
  fleet_url: setting({
    group,
    kind: optional(text("a URL such as postgres://easel_node@db.example/easel", /^postgres(ql)?:\/\/\S+$/)),
    default: null,
    help: "PostgreSQL database that the machines of a fleet share; on the command line without a password. A standby's host stands behind a comma. Null: one machine.",
    secret: true,
    alias: "fleet",
    exposed: (url) =>
      url !== null && passwordIn(url) !== ""
        ? "a password on the command line can be read by every user of this machine: leave it out of the URL and set PGPASSWORD or fleet_password_file, or set EASEL_FLEET_URL"
        : undefined,
  }),
  fleet_password_file: setting({
    group,
    kind: optional(path()),
    default: null,
    help: "File that holds the password for fleet_url; else PGPASSWORD is read.",
  }),
  fleet_ca_file: setting({
    group,
    kind: optional(path()),
    default: null,
    help: "CA certificates in PEM that the database's certificate is checked with in place of those of the system, and the S3 server's beside them.",
  }),
  allow_insecure_fleet: setting({
    group,
    kind: yesNo(),
    default: false,
    help: "Lets fleet_url and s3_endpoint lead to other machines without verified TLS.",
  }),
  fleet_role: setting({
    group,
    kind: choice(["both", "api", "worker"]),
    default: "both",
    help: "What this machine does in a fleet: `api` takes requests and runs no model, `worker` runs jobs and takes no requests.",
  }),
  node_name: setting({
    group,
    kind: text("a name of at most 63 letters, digits, dots, - and _", /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/),
    default: () => nameOf(hostname()),
    defaultText: "the host name",
    help: "Name of this machine in the fleet. Each machine needs one of its own.",
  }),
  fleet_lease_s: setting({
    group,
    kind: number({ min: 10, max: 300 }),
    default: 15,
    help: "Seconds without a sign of life after which a machine's jobs go to others.",
  }),
  fleet_window_s: setting({
    group,
    kind: number({ min: 0 }),
    default: 60,
    help: "Seconds by which a job whose model is loaded may be newer than the oldest waiting one and still run before it.",
  }),
  files_url: setting({
    group,
    kind: optional(
      withoutLogin(
        text(
          "s3://bucket/prefix or file:///folder",
          /^(s3:\/\/[A-Za-z0-9][A-Za-z0-9._-]*(\/[^\s?#]*)?|file:\/\/\/[^?#]+)$/,
        ),
      ),
    ),
    default: null,
    help: "Where a fleet keeps its files: an S3 bucket, or a folder that all machines share.",
  }),
  s3_endpoint: setting({
    group,
    kind: optional(endpoint),
    default: null,
    help: "Address of the S3 server. Null: Amazon's for s3_region.",
    also: "AWS_ENDPOINT_URL_S3",
  }),
  s3_region: setting({
    group,
    kind: text("the name of a region", /^[A-Za-z0-9-]+$/),
    default: "us-east-1",
    help: "Region of the bucket.",
    also: "AWS_REGION",
  }),
  s3_access_key: setting({
    group,
    kind: optional(text()),
    default: null,
    help: "Access key of the bucket.",
    secret: true,
    also: "AWS_ACCESS_KEY_ID",
  }),
  s3_secret_key: setting({
    group,
    kind: optional(text()),
    default: null,
    help: "Secret key of the bucket.",
    secret: true,
    also: "AWS_SECRET_ACCESS_KEY",
  }),
  s3_public_endpoint: setting({
    group,
    kind: optional(endpoint),
    default: null,
    help: "Address under which clients reach the S3 server, for links to files. Null: files go through the API machines.",
  }),
  files_cache_gb: setting({
    group,
    kind: number({ min: 0 }),
    default: 20,
    help: "Gigabytes of the bucket's files that a machine keeps; the least recently used goes first.",
  }),
} as const;

/** A host name with what a node's name may not hold taken out. */
const nameOf = (host: string) =>
  host
    .replaceAll(/[^A-Za-z0-9._-]/g, "-")
    .replace(/^[^A-Za-z0-9]+/, "")
    .slice(0, 63) || "node";
