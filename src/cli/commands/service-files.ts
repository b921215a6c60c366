/**
 * The files that make the system start the server: a launch agent on a Mac, a user unit of systemd on Linux.
 *
 * @module
 */
import { exitCodes } from "../context.ts";

export const serviceLabel = "dev.easel.server";
export const unitName = "easel.service";

export interface ServicePlan {
  /** What launchd calls the service. */
  label?: string;
  /** The binary that the service runs. */
  executable: string;
  args: readonly string[];
  /** Environment variables that the service inherits. */
  environment: Readonly<Record<string, string>>;
  /** Seconds between the request to stop and the kill. */
  stopSeconds: number;
}

const carried =
  /^(EASEL_|KIAPI_|XDG_(CACHE|CONFIG|DATA|STATE)_HOME$|HF_|HTTPS?_PROXY$|NO_PROXY$|https?_proxy$|no_proxy$)/;

/** The variables that the server reads. The rest of the shell's environment stays out of the service. */
export function carriedEnvironment(
  env: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const entries = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && carried.test(entry[0]),
  );
  return Object.fromEntries(entries.sort(([a], [b]) => a.localeCompare(b)));
}

/** A launch agent that starts at login and again after a failure, not after a clean end. */
export function launchAgent(plan: ServicePlan): string {
  const { label = serviceLabel, executable, args, environment, stopSeconds } = plan;
  const strings = [executable, ...args].map((arg) => `    <string>${xml(arg)}</string>`).join("\n");
  const variables = Object.entries(environment)
    .map(([name, value]) => `    <key>${xml(name)}</key>\n    <string>${xml(value)}</string>`)
    .join("\n");
  return `<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0">
<dict>
  <key>Label</key>
  <string>${xml(label)}</string>
  <key>ProgramArguments</key>
  <array>
${strings}
  </array>
  <key>EnvironmentVariables</key>
  <dict>
${variables}
  </dict>
  <key>RunAtLoad</key>
  <true/>
  <key>KeepAlive</key>
  <dict>
    <key>SuccessfulExit</key>
    <false/>
  </dict>
  <key>ThrottleInterval</key>
  <integer>10</integer>
  <key>ExitTimeOut</key>
  <integer>${stopSeconds}</integer>
  <key>ProcessType</key>
  <string>Interactive</string>
</dict>
</plist>
`;
}

/**
 * A user unit that starts at login, and again after a failure with growing pauses (equal ones before systemd 254). Wrong settings stay
 * wrong: with them it stays ended.
 */
export function systemdUnit({ executable, args, environment, stopSeconds }: ServicePlan): string {
  // variables are replaced in commands, and in nothing else
  const command = [executable, ...args].map((word) => quoted(word).replaceAll("$", "$$$$")).join(" ");
  const variables = Object.entries(environment)
    .map(([name, value]) => `Environment=${quoted(`${name}=${value}`)}\n`)
    .join("");
  return `[Unit]
Description=easel image model server
After=network.target
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStart=${command}
${variables}Restart=on-failure
RestartPreventExitStatus=${exitCodes.usage}
RestartSec=2
RestartSteps=6
RestartMaxDelaySec=120
TimeoutStopSec=${stopSeconds}
NoNewPrivileges=true

[Install]
WantedBy=default.target
`;
}

function xml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A word of a unit file: quoted, with the characters that systemd gives a meaning doubled or escaped. */
function quoted(word: string): string {
  const escaped = word
    .replaceAll("\\", "\\\\")
    .replaceAll('"', '\\"')
    .replaceAll("\n", "\\n")
    .replaceAll("%", "%%");
  return `"${escaped}"`;
}
