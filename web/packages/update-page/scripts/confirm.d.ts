/** Where the packer has the script. */
export const PACKED: string;
/** The script in short, with its licence. */
export function confirmScript(): Promise<string>;
