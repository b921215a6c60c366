import { expect, test } from "bun:test";
import { placeOf } from "../../../../src/files/shared/place.ts";
import { defaultSettings } from "../../../../src/settings/load.ts";

test("a CA file for the bucket that cannot be read or holds no certificate is named before the bucket is asked", () => {
  const place = (fleet_ca_file: string) => () =>
    placeOf({
      ...defaultSettings(),
      files_url: "s3://bucket/files",
      s3_endpoint: "http://127.0.0.1:9",
      s3_access_key: "key",
      s3_secret_key: "secret",
      fleet_ca_file,
    });
  expect(place("/nowhere/ca.pem")).toThrow("fleet_ca_file /nowhere/ca.pem cannot be read (ENOENT)");
  expect(place(import.meta.path)).toThrow(
    `fleet_ca_file ${import.meta.path} holds no certificate in PEM form`,
  );
});

test("a bucket's name that no S3 server has is refused with the rule", () => {
  const place = (name: string) => () =>
    placeOf({
      ...defaultSettings(),
      files_url: `s3://${name}/files`,
      s3_access_key: "key",
      s3_secret_key: "secret",
    });
  for (const name of ["ab", "a".repeat(64), "Easel", "my_bucket", "-easel", "easel.", "a..b", "10.0.0.1"])
    expect(place(name)).toThrow(
      `files_url names the bucket ${name}, which no S3 server has: a bucket's name is 3 to 63 small letters, digits, hyphens and dots`,
    );
  for (const name of ["abc", "my-bucket", "a.b.c", "1bucket", "b".repeat(63)])
    expect(place(name)).not.toThrow();
});
