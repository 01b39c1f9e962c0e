// A secret that is shown once.

import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";

interface Props {
  title: string;
  /** What belongs to it and is no secret. */
  known: { label: string; value: string }[];
  label: string;
  secret: string;
  onClose: () => void;
}

export function ShownOnce({ title, known, label, secret, onClose }: Props) {
  return (
    <Modal
      visible
      header={title}
      onDismiss={onClose}
      footer={
        <Box float="right">
          <Button variant="primary" onClick={onClose}>
            I have kept it
          </Button>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>The secret is shown once. Keep it now.</Box>
        <KeyValuePairs
          items={[
            ...known,
            {
              label,
              value: (
                <SpaceBetween size="xs">
                  <Box variant="code">{secret}</Box>
                  <CopyToClipboard
                    copyButtonText="Copy the secret"
                    textToCopy={secret}
                    copySuccessText="Copied"
                    copyErrorText="It could not be copied"
                  />
                </SpaceBetween>
              ),
            },
          ]}
        />
      </SpaceBetween>
    </Modal>
  );
}
