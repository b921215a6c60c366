// Files that the bundler embeds: a path for those that are opened, the text of others.
declare module "*/standalone.js" {
  const path: string;
  export default path;
}
declare module "*/NOTICE" {
  const text: string;
  export default text;
}
declare module "*.jpg" {
  const url: string;
  export default url;
}
declare module "*.md" {
  const text: string;
  export default text;
}
