# Facts and what follows of them: the state of a host as changes to one that is in order, a remedy, its status, and a part of why.
$Unknown = @{ Unknown = 'access denied' }
$Expired = @{ 'Certificates.Items.0.NotAfter' = '2026-11-01T00:00:00Z' }
$Pinned = @{ 'Choice.By' = 'pin'; 'Choice.Thumbprint' = 'BB22'; 'Served.Thumbprint' = 'BB22'; 'Settings.SSLCertificateSHA1Hash.Exists' = $true; 'Settings.SSLCertificateSHA1Hash.Value' = 'BB22'; 'Certificates.Items' = @($GoodCertificate, (New-Issued)) }
$PinnedBad = Join-Hash $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ NotAfter = '2026-11-01T00:00:00Z' }), (New-Issued @{ Thumbprint = 'CC33'; KeyFile = 'C:\keys\cc33' })) }
$WantsR4 = @{ 'Request.Remedies' = @('R4'); 'Certificates.Items' = @($GoodCertificate, (New-Issued)) }
$NamesR7 = @{ 'Request.Remedies' = @('R7'); 'Request.AdminNetwork' = @('10.0.9.0/24'); 'Firewall.Rules.0.Enabled' = 'False'; 'Firewall.Rules.1.Enabled' = 'False' }
$NamesR9 = @{ 'Request.Remedies' = @('R9'); 'Dns.Answers.0.Addresses' = @() }
$NamesR8 = @{ 'Request.Remedies' = @('R8') }
$Low = @{ 'Settings.UserAuthentication.Value' = 0 }
$Plain = @{ 'Settings.SecurityLayer.Value' = 0; 'Served.State' = 'off'; 'Served.Thumbprint' = '' }
$Stopped = @{ 'Services.TermService.State' = 'Stopped'; 'Services.TermService.ProcessId' = 0; 'Port.Owners' = @() }
$Rows = [System.Collections.Generic.List[object]]::new()
function Add-Row { param([hashtable] $Base, [hashtable] $More, [string] $Remedy, [string] $Status, [string] $Detail = '') $Rows.Add(@{ Number = $Rows.Count; Changes = (Join-Hash $Base $More); Remedy = $Remedy; Status = $Status; Detail = $Detail }) }

# In order, each.
foreach ($Key in 'R12', 'R3', 'R2', 'R4', 'R1', 'R5', 'R6', 'R8', 'R7', 'R9', 'R10', 'R11', 'R13', 'R14', 'R15', 'R20') { Add-Row @{} @{} $Key 'in order' }
# A group that cannot be read is unknown, never right or wrong.
foreach ($Pair in @('Clock', 'R12'), @('Settings', 'R3'), @('KeyFolder', 'R2'), @('Certificates', 'R2'), @('Choice', 'R2'), @('Choice', 'R4'), @('Certificates', 'R4'), @('Clock', 'R4'), @('Choice', 'R1'), @('Certificates', 'R1'), @('Clock', 'R1'),
    @('Tls', 'R5'), @('Settings', 'R6'), @('Services', 'R8'), @('Settings', 'R8'), @('Port', 'R8'), @('Firewall', 'R7'), @('Port', 'R7'), @('Dns', 'R9'), @('Addresses', 'R9'), @('Dns', 'R10'), @('Addresses', 'R10'), @('Port', 'R10'),
    @('Ntlm', 'R11'), @('Events', 'R14'), @('Deployment', 'R15'), @('Addresses', 'R15')) { Add-Row @{} @{ $Pair[0] = $Unknown } $Pair[1] 'unknown' }

# R12
foreach ($Offset in 6, -6, 4000) { Add-Row @{} @{ 'Clock.Offset' = $Offset } R12 'would be done' 's off corp.example' }
Add-Row @{} @{ 'Clock.Offset' = 4.9 } R12 'in order'
Add-Row @{} @{ 'Clock.Offset' = $null } R12 'unknown' 'gave no time'
Add-Row @{} @{ 'Clock.Skew' = 301 } R12 'blocked' 'who should set'
Add-Row @{} @{ 'Clock.Offset' = $null; 'Clock.Peer' = ''; 'Clock.Skew' = 4 } R12 'in order' 'no time server'
Add-Row @{} @{ 'Clock.Offset' = $null; 'Clock.Peer' = ''; 'Clock.Skew' = -400 } R12 'blocked' 'who should set'
Add-Row @{} @{ 'Clock.Offset' = $null; 'Clock.Peer' = ''; 'Clock.Skew' = $null } R12 'unknown'
# When it was asked is known even where the clock is not.
$NoClock = @{ Clock = @{ Unknown = 'access denied'; Skew = 0; Sent = '2026-12-01T00:00:00Z'; Started = '2026-12-01T00:00:00Z'; Ended = '2026-12-01T00:00:00Z' } }
Add-Row $NoClock @{} R12 'unknown' 'Clock cannot be read'
Add-Row $NoClock $Expired R1 'unknown' 'Clock cannot be read'
Add-Row $NoClock $WantsR4 R4 'unknown' 'Clock cannot be read'
$Off = @{ 'Clock.Offset' = 60 }
Add-Row $Off @{ 'Identity.DomainController' = $true } R12 'blocked' 'domain controller'
Add-Row $Off @{ 'Identity.DomainController' = $null } R12 'unknown' 'domain controller'
Add-Row $Off @{ 'Services.W32Time.StartMode' = 'Disabled' } R12 'blocked' 'disabled'
Add-Row $Off @{ 'Services.W32Time.StartMode' = $null } R12 'unknown' 'W32Time'
Add-Row $Off @{ 'Services.W32Time.State' = 'Stopped' } R12 'blocked' 'not running'
Add-Row $Off @{ 'Services.W32Time.State' = 'Stopped'; 'Identity.InDomain' = $false } R12 'would be done'

# R3
Add-Row @{} @{ 'Settings.MinEncryptionLevel.Value' = 1 } R3 'would be done' 'MinEncryptionLevel is 1'
Add-Row @{} @{ 'Settings.MinEncryptionLevel.Value' = 2 } R3 'in order'
Add-Row @{} @{ 'Settings.MinEncryptionLevel.Policy' = 1 } R3 'blocked' 'policy'
Add-Row @{} @{ 'Settings.MinEncryptionLevel.Value' = 1; 'Settings.MinEncryptionLevel.Policy' = 3 } R3 'in order'
Add-Row @{} @{ 'Settings.MinEncryptionLevel' = $null } R3 'unknown'
Add-Row @{} @{ 'Settings.fAllowSecProtocolNegotiation.Exists' = $true; 'Settings.fAllowSecProtocolNegotiation.Value' = 0 } R3 'would be done' 'should be 1'
Add-Row @{} @{ 'Settings.SelfSignedCertStore.Value' = 'My' } R3 'would be done' 'SelfSignedCertStore'
Add-Row @{} @{ 'Settings.SelfSignedCertStore' = $null } R3 'unknown'
Add-Row @{} @{ 'Settings.ProgramData.Found' = $false } R3 'would be done' 'ProgramData'
Add-Row @{} @{ 'Settings.ProgramData.Found' = $false; 'Settings.ProgramData.UsualFound' = $false } R3 'blocked' 'find the folder'
Add-Row @{} @{ 'Settings.ProgramData' = $null } R3 'unknown'
$Dead = @{ 'Settings.SSLCertificateSHA1Hash.Exists' = $true; 'Settings.SSLCertificateSHA1Hash.Value' = 'DEAD'; 'Choice.By' = 'pin'; 'Choice.Thumbprint' = 'DEAD' }
Add-Row $Dead @{} R3 'would be done' 'DEAD is not there'
Add-Row $Dead @{} R1 'blocked' 'R3 comes first'
Add-Row $Dead @{ 'Deployment.Member' = $true } R1 'blocked' 'remove the pin'
Add-Row $Dead @{ 'Deployment.Member' = $true } R3 'blocked' 'Set-RDCertificate'
Add-Row $Dead @{ Deployment = $Unknown } R3 'unknown' 'deployment'
Add-Row $Dead @{ Certificates = $Unknown } R3 'unknown'
# What R3 and R2 restart must start again, and what R1 does.
foreach ($Base in @(@{ 'Settings.MinEncryptionLevel.Value' = 1 }, 'R3'), @(@{ 'KeyFolder.Lacks' = @('S-1-1-0') }, 'R2'), @($Expired, 'R1')) {
    Add-Row $Base[0] @{ 'Services.TermService.StartMode' = 'Disabled' } $Base[1] 'blocked' 'TermService is disabled'
    Add-Row $Base[0] @{ 'Services.SessionEnv.StartMode' = 'Disabled' } $Base[1] 'blocked' 'SessionEnv is disabled'
    Add-Row $Base[0] @{ 'Services.UmRdpService.StartMode' = 'Disabled' } $Base[1] 'blocked' 'UmRdpService is disabled'
    Add-Row $Base[0] @{ 'Services.UmRdpService.StartMode' = 'Disabled'; 'Services.UmRdpService.State' = 'Stopped' } $Base[1] 'would be done'
    Add-Row $Base[0] @{ 'Services.TermService.StartMode' = 'Disabled'; 'Services.TermService.State' = 'Stopped' } $Base[1] 'would be done'
    Add-Row $Base[0] @{ 'Services.SessionEnv.State' = 'Stopped' } $Base[1] 'would be done'
    Add-Row $Base[0] @{ 'Services.TermService.State' = 'Stop Pending' } $Base[1] 'blocked' 'neither running nor stopped'
    Add-Row $Base[0] @{ Services = $Unknown } $Base[1] 'unknown'
}
Add-Row $Expired @{ 'Services.SessionEnv.StartMode' = 'Disabled'; 'Services.SessionEnv.State' = 'Stopped' } R1 'blocked' 'SessionEnv is disabled'
Add-Row @{ 'Settings.MinEncryptionLevel.Value' = 1 } @{ 'Services.SessionEnv.StartMode' = 'Disabled'; 'Services.SessionEnv.State' = 'Stopped' } R3 'would be done'

# R2
Add-Row @{} @{ 'KeyFolder.Lacks' = @('S-1-1-0') } R2 'would be done' 'Everyone may not add keys'
Add-Row @{} @{ 'KeyFolder.Access' = 'denied' } R2 'would be done' 'denied'
Add-Row @{} @{ 'KeyFolder.Access' = 'absent' } R2 'blocked' 'restore the folder'
Add-Row @{} @{ 'KeyFolder.Denies' = @('S-1-1-0') } R2 'blocked' 'by hand'
Add-Row @{} @{ 'KeyFolder.OwnKeys.0.Lacks' = @('S-1-5-20') } R2 'would be done' 'NETWORK SERVICE may not use'
Add-Row @{} @{ 'KeyFolder.OwnKeys.0.Access' = 'denied' } R2 'would be done'
Add-Row @{} @{ 'KeyFolder.OwnKeys.0.Denies' = @('S-1-5-20') } R2 'blocked' 'by hand'
Add-Row @{} @{ 'KeyFolder.OwnKeys.0.Access' = 'denied'; 'KeyFolder.OwnKeys.0.Owner' = '' } R2 'unknown' 'given back'
Add-Row @{} @{ 'KeyFolder.Access' = 'denied'; 'KeyFolder.Owner' = '' } R2 'unknown' 'given back'
Add-Row @{} @{ 'Certificates.Items.0.Key' = 'unknown'; 'Served.State' = 'failed' } R2 'unknown'
Add-Row @{} @{ 'Certificates.Items.0.Key' = 'unknown' } R2 'in order'
$NoRead = @{ Key = 'no'; KeyWhy = 'NETWORK SERVICE may not read C:\keys\bb22' }
Add-Row $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $NoRead)) } R2 'would be done' 'may not read'
Add-Row $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued (Join-Hash $NoRead @{ KeyDenied = $true }))) } R2 'blocked' 'by hand'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $NoRead)) } R2 'would be done' 'may not read'
Add-Row @{} @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $NoRead)) } R2 'in order'

# R4
Add-Row $WantsR4 @{} R4 'would be done' 'bind BB22'
Add-Row $WantsR4 $Expired R1 'in order' 'R4 binds'
Add-Row @{} @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued)) } R4 'in order'
Add-Row $Pinned @{} R4 'in order'
Add-Row $Pinned @{ 'Served.Thumbprint' = 'AA11' } R4 'blocked' 'events 1051'
Add-Row $Pinned @{ 'Served.State' = 'down'; 'Served.Thumbprint' = '' } R4 'in order'
Add-Row $PinnedBad @{} R4 'would be done' 'bind CC33'
Add-Row $Pinned @{ 'Request.Replace' = $true; 'Certificates.Items' = @($GoodCertificate, (New-Issued), (New-Issued @{ Thumbprint = 'CC33' })) } R4 'would be done' 'bind CC33'
foreach ($Fault in @{ NotBefore = '2026-12-02T00:00:00Z' }, @{ Key = 'gone'; KeyWhy = '0x80090016' }, @{ Chain = @('UntrustedRoot') }, @{ Chain = @('PartialChain') }, @{ Usages = @('1.3.6.1.5.5.7.3.2') }, @{ Algorithm = '1.2.840.113549.1.1.5' }, @{ Bits = 1024 }, @{ IsAuthority = $true }) {
    Add-Row $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $Fault), (New-Issued @{ Thumbprint = 'CC33' })) } R4 'would be done' 'bind CC33'
    # Nor is one that has it a candidate.
    Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $Fault)) } R4 'blocked' 'no candidate'
}
foreach ($Fault in @{ NotAfter = '2026-11-01T00:00:00Z' }, @{ NotBefore = '2025-12-01T00:00:00Z'; NotAfter = '2026-12-20T00:00:00Z' }, @{ Names = @('other.corp.example') }, @{ Store = 'Remote Desktop' }, @{ SelfSigned = $true }, @{ Names = @(); CommonName = 'bk01' }) { Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $Fault)) } R4 'blocked' 'no candidate' }
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Names = @('*.corp.example') })) } R4 'would be done'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ NotBefore = '2026-11-28T00:00:00Z'; NotAfter = '2026-12-05T00:00:00Z' })) } R4 'would be done'
Add-Row $WantsR4 @{ 'Request.Computer' = 'alias.corp.example' } R4 'blocked' 'no candidate'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Key = 'unknown'; KeyWhy = 'TPM' })) } R4 'unknown' 'TPM'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued $NoRead)) } R4 'would be done' 'after R2'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued (Join-Hash $NoRead @{ KeyDenied = $true }))) } R4 'blocked' 'R2'
Add-Row $WantsR4 @{ 'Deployment.Member' = $true } R4 'blocked' 'Set-RDCertificate'
Add-Row $WantsR4 @{ Deployment = $Unknown } R4 'unknown' 'deployment'
Add-Row $WantsR4 @{ Settings = $Unknown } R4 'unknown' 'pinned'
Add-Row $WantsR4 @{ 'Choice.Conflict' = $true } R4 'unknown' 'disagree'
Add-Row $WantsR4 @{ 'Identity.FullName' = $null } R4 'unknown' 'full name'
Add-Row $WantsR4 @{ 'Clock.Offset' = $null } R4 'blocked' 'R12 comes first'
Add-Row $WantsR4 @{ 'Clock.Offset' = 60 } R4 'would be done' 'after R12'
$Farm = Join-Hash $PinnedBad @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Names = @('farm.corp.example'); NotAfter = '2026-11-01T00:00:00Z' }), (New-Issued @{ Thumbprint = 'CC33'; Names = @('farm.corp.example', 'bk01.corp.example') })) }
Add-Row $Farm @{} R4 'blocked' '-Replace'
Add-Row $Farm @{ 'Request.Replace' = $true } R4 'would be done' 'bind CC33'
Add-Row $PinnedBad @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Names = @('bk01.corp.example', 'rds.corp.example'); NotAfter = '2026-11-01T00:00:00Z' }), (New-Issued @{ Thumbprint = 'CC33' })) } R4 'blocked' 'all names needed'
Add-Row $PinnedBad @{ 'Choice.Template' = 'RDP' } R4 'would be done' 'remove the pin'
Add-Row $PinnedBad @{ 'Choice.Template' = 'RDP'; 'Services.SessionEnv.StartMode' = 'Disabled' } R4 'blocked' 'SessionEnv is disabled'
Add-Row $PinnedBad @{ 'Choice.By' = 'policy'; 'Choice.Template' = 'RDP' } R4 'blocked' 'policy names'
Add-Row $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Key = 'unknown'; KeyWhy = 'TPM' })) } R4 'in order'
Add-Row $Pinned @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Key = 'unknown'; KeyWhy = 'TPM' })); 'Served.State' = 'failed' } R4 'unknown' 'TPM'
# The issuer of the bound one first.
Add-Row $PinnedBad @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ NotAfter = '2026-11-01T00:00:00Z' }), (New-Issued @{ Thumbprint = 'DD44'; Issuer = 'CN=Other CA'; NotAfter = '2030-01-01T00:00:00Z' }), (New-Issued @{ Thumbprint = 'CC33' })) } R4 'would be done' 'bind CC33'

# R1
Add-Row $Expired @{} R1 'would be done' 'expired'
Add-Row @{} @{ 'Certificates.Items.0.NotBefore' = '2026-12-02T00:00:00Z' } R1 'would be done' 'not valid yet'
Add-Row @{} @{ 'Certificates.Items.0.Key' = 'gone'; 'Certificates.Items.0.KeyWhy' = 'x' } R1 'would be done' 'gone'
Add-Row @{} @{ 'Certificates.Items.0.Key' = 'no'; 'Certificates.Items.0.KeyWhy' = 'NETWORK SERVICE may not read it' } R1 'would be done' 'after R2'
Add-Row @{} @{ 'Certificates.Items.0.Key' = 'unknown'; 'Served.State' = 'failed' } R1 'unknown'
foreach ($Name in 'old.corp.example', 'old', 'bk01.old.example') { Add-Row @{} @{ 'Certificates.Items.0.CommonName' = $Name } R1 'would be done' 'and the host is' }
foreach ($Name in 'BK01', 'BK01.CORP.EXAMPLE') { Add-Row @{} @{ 'Certificates.Items.0.CommonName' = $Name } R1 'in order' }
Add-Row @{} @{ 'Identity.FullName' = $null } R1 'unknown' 'full name'
Add-Row @{} @{ 'Certificates.Items' = @() } R1 'would be done' 'no self-signed'
Add-Row $Pinned $Expired R1 'in order' 'on purpose'
Add-Row $PinnedBad @{} R1 'in order' 'R4 binds'
Add-Row $PinnedBad @{ 'Deployment.Member' = $true } R1 'blocked' 'name R4'
Add-Row $PinnedBad @{ 'Choice.By' = 'policy' } R1 'blocked' 'template'
Add-Row $Expired @{ 'Clock.Skew' = 301; 'Clock.Offset' = 0 } R1 'blocked' 'R12'
Add-Row $Expired @{ 'Clock.Skew' = -301; 'Clock.Offset' = 60 } R1 'blocked' 'off this machine'
Add-Row $Expired @{ 'Clock.Skew' = $null } R1 'unknown' 'not compared'
Add-Row $Expired @{ 'Choice.Conflict' = $true } R1 'unknown' 'disagree'
Add-Row $Expired @{ 'Clock.Offset' = $null } R1 'blocked' 'R12 comes first'
Add-Row $Expired @{ 'Settings.ProgramData.Found' = $false; 'Settings.ProgramData.UsualFound' = $false } R1 'blocked' 'R3 comes first'
Add-Row $Expired @{ 'Settings.ProgramData.Found' = $false } R1 'would be done' 'after R3'
Add-Row $Expired @{ 'KeyFolder.Lacks' = @('S-1-1-0') } R1 'would be done' 'after R2'
# Not confirmed, or failed.
Add-Row $Expired @{ 'KeyFolder.Lacks' = @('S-1-1-0'); 'Request.Passed' = @('R2') } R1 'blocked' 'R2 comes first'
Add-Row $Expired @{ 'KeyFolder.Denies' = @('S-1-1-0') } R1 'blocked' 'R2 comes first'
Add-Row $Expired @{ KeyFolder = $Unknown } R1 'blocked' 'R2 comes first'
Add-Row $Expired @{ 'KeyFolder.Lacks' = @('S-1-1-0'); 'Request.Only' = @('R1') } R1 'blocked' 'not named'
Add-Row $Expired @{ 'Request.Only' = @('R2') } R1 'left alone' 'not named'

# R5
Add-Row @{} @{ 'Tls.Tls12.0.Exists' = $true; 'Tls.Tls12.0.Value' = 0 } R5 'would be done' 'TLS 1.2 is off'
Add-Row @{} @{ 'Tls.Tls12.1.Exists' = $true; 'Tls.Tls12.1.Value' = 1 } R5 'would be done' 'TLS 1.2 is off'
Add-Row @{} @{ 'Tls.Tls12.0.Exists' = $true; 'Tls.Tls12.0.Value' = -1 } R5 'in order'
Add-Row @{} @{ 'Identity.Build' = 7601 } R5 'would be done' 'TLS 1.2 is off'
Add-Row @{} @{ 'Identity.Build' = 7601; 'Tls.UpdateForRdp' = $false } R5 'blocked' 'KB3080079'
Add-Row @{} @{ 'Identity.Build' = $null } R5 'unknown'
Add-Row @{} @{ 'Tls.Off' = @('Hashes\SHA256') } R5 'blocked' 'by hand'
Add-Row @{} @{ 'Tls.Off' = @('Ciphers\AES 128/128', 'Ciphers\AES 256/256') } R5 'blocked' 'by hand'
Add-Row @{} @{ 'Tls.Off' = @('Ciphers\AES 128/128', 'KeyExchangeAlgorithms\PKCS', 'Hashes\SHA') } R5 'in order'
Add-Row @{} @{ 'Tls.Off' = @('KeyExchangeAlgorithms\PKCS', 'KeyExchangeAlgorithms\ECDH') } R5 'blocked' 'by hand'
Add-Row @{} @{ 'Tls.Suites' = @('TLS_PSK_WITH_NULL_SHA256') } R5 'blocked' 'cipher suite order'
Add-Row @{} @{ 'Request.Acted' = @('R5') } R5 'partly done' 'restart the machine'

# R6
Add-Row $Low @{} R6 'would be done' 'UserAuthentication is 0'
Add-Row $Low @{ 'Settings.SecurityLayer' = $null } R6 'unknown' 'SecurityLayer was not read'
Add-Row @{} @{ 'Settings.SecurityLayer.Value' = 1 } R6 'would be done' 'SecurityLayer is 1'
Add-Row $Plain @{} R6 'would be done' 'SecurityLayer is 0'
Add-Row @{} @{ 'Settings.UserAuthentication.Exists' = $false; 'Settings.UserAuthentication.Effective' = 0 } R6 'would be done'
Add-Row @{} @{ 'Settings.UserAuthentication.Exists' = $false } R6 'unknown'
Add-Row @{} @{ 'Settings.SecurityLayer' = $null } R6 'unknown'
Add-Row $Low @{ 'Settings.UserAuthentication.Policy' = 1 } R6 'in order'
Add-Row @{} @{ 'Settings.UserAuthentication.Policy' = 0 } R6 'blocked' 'policy'
Add-Row $Low @{ 'Served.State' = 'failed' } R6 'blocked' 'handshake fails'
Add-Row $Low @{ 'Served.State' = 'down' } R6 'blocked' 'R8'
Add-Row $Low @{ 'Served.State' = 'off' } R6 'blocked' 'does not negotiate'
Add-Row $Low @{ Served = $Unknown } R6 'unknown' 'serves'
Add-Row $Plain @{ 'Certificates.Items.0.Key' = 'unknown' } R6 'blocked' 'R1 comes first'
Add-Row $Plain @{ 'Choice.By' = 'pin'; 'Choice.Thumbprint' = 'BB22'; 'Certificates.Items' = @((New-Issued @{ Key = 'unknown' })) } R6 'unknown'
Add-Row $Plain @{ 'Choice.By' = 'pin'; 'Choice.Thumbprint' = 'BB22'; 'Certificates.Items' = @((New-Issued @{ Key = 'no'; KeyWhy = 'NETWORK SERVICE may not read it'; KeyFile = '' })) } R6 'blocked' 'see R1, R2, R4'
Add-Row $WantsR4 @{ 'Certificates.Items' = @($GoodCertificate, (New-Issued @{ Key = 'no'; KeyWhy = 'x'; KeyFile = '' })) } R4 'blocked' 'not readable'
Add-Row $Plain @{ 'Certificates.Items' = @() } R6 'blocked'
Add-Row $Low @{ 'Deployment.Member' = $true } R6 'blocked' 'deployment'
Add-Row $Low @{ Deployment = $Unknown } R6 'unknown' 'deployment'
Add-Row $Low @{ 'Trust.State' = 'broken' } R6 'blocked' 'trust'
Add-Row $Low @{ Trust = $Unknown } R6 'unknown' 'domain'
Add-Row $Low $Expired R6 'would be done' 'after R1'
Add-Row (Join-Hash $Low $Expired) @{ 'Served.State' = 'failed' } R6 'would be done' 'after R1'
Add-Row (Join-Hash $Low $Expired) @{ 'Served.State' = 'failed'; 'Request.Passed' = @('R1') } R6 'blocked' 'R1 comes first'
Add-Row $Low (Join-Hash $Expired @{ 'Services.SessionEnv.StartMode' = 'Disabled' }) R6 'blocked' 'R1 comes first'
Add-Row $Low @{ 'Tls.Tls12.0.Exists' = $true; 'Tls.Tls12.0.Value' = 0 } R6 'blocked' 'R5 comes first'
Add-Row $Low @{ 'Request.Acted' = @('R5') } R6 'blocked' 'restart the machine'
Add-Row (Join-Hash $PinnedBad $Low) @{ 'Trust.State' = 'good' } R6 'would be done' 'after R4'
Add-Row $Low @{ 'Request.Remedies' = @('R4') } R6 'would be done'

# R8
Add-Row $Stopped @{} R8 'would be done' 'not running'
Add-Row $Stopped @{ 'Services.TermService.StartMode' = 'Disabled' } R8 'blocked' 'ask first'
Add-Row $Stopped $Expired R8 'would be done'
Add-Row $Stopped @{ 'Port.Owners' = @(@{ Address = '0.0.0.0'; ProcessId = 4711; Program = 'other' }) } R8 'blocked' 'another program'
Add-Row $Stopped @{ 'Port.Owners' = @(@{ Address = '0.0.0.0'; ProcessId = 900; Program = '' }) } R8 'would be done'
Add-Row @{} @{ 'Services.TermService.State' = 'Stop Pending' } R8 'blocked' 'restart the machine'
Add-Row @{} @{ 'Services.TermService.State' = $null } R8 'unknown'
Add-Row @{} @{ 'Port.Owners' = @() } R8 'blocked' 'nothing listens'
Add-Row @{} @{ 'Port.Owners' = @(@{ Address = '0.0.0.0'; ProcessId = 4711; Program = '' }) } R8 'blocked' 'process 4711'
Add-Row @{} @{ 'Port.Owners' = @(@{ Address = '10.0.0.6'; ProcessId = 900; Program = '' }) } R8 'blocked' 'LanAdapter'
Add-Row @{} @{ 'Port.Owners' = @(@{ Address = '10.0.0.5'; ProcessId = 900; Program = '' }) } R8 'in order'
Add-Row @{} @{ 'Port.Number' = 3390 } R8 'blocked' '3389 was scanned'
Add-Row @{} @{ 'Settings.fDenyTSConnections.Value' = 1 } R8 'blocked' 'a decision'
Add-Row $NamesR8 @{ 'Settings.fDenyTSConnections.Value' = 1 } R8 'would be done' 'R7'
Add-Row @{} @{ 'Settings.fDenyTSConnections.Value' = 1; 'Request.Only' = @('R8') } R8 'would be done'
Add-Row $NamesR8 @{ 'Settings.fDenyTSConnections.Policy' = 1 } R8 'blocked' 'policy'
Add-Row $NamesR8 @{ 'Settings.fDenyTSConnections.Value' = 1; 'Settings.fDenyTSConnections.Policy' = 0 } R8 'in order'
Add-Row @{} @{ 'Settings.fEnableWinStation.Value' = 0 } R8 'blocked' 'a decision'
Add-Row $NamesR8 @{ 'Settings.fEnableWinStation.Value' = 0; 'Port.Owners' = @() } R8 'would be done'
Add-Row @{} @{ 'Settings.fDenyTSConnections' = $null } R8 'unknown'
Add-Row @{} @{ 'Services.UmRdpService.State' = 'Stopped' } R8 'in order' 'UmRdpService is stopped'

# R7
Add-Row $NamesR7 @{} R7 'would be done' '10.0.9.0/24'
Add-Row $NamesR7 @{ 'Request.Remedies' = @() } R7 'left alone' 'not named'
Add-Row $NamesR7 @{ 'Request.Remedies' = @(); 'Request.Only' = @('R7') } R7 'would be done'
Add-Row $NamesR7 @{ 'Request.Remedies' = @(); 'Request.Only' = @('R7'); 'Request.Why' = 'RDP-CERT-EXPIRED' } R7 'blocked' 'reached the port'
$Reached = @{ 'Request.Remedies' = @('R1'); 'Request.AdminNetwork' = @(); 'Request.Why' = 'RDP-CERT-EXPIRED' }
Add-Row $NamesR7 $Reached R7 'in order' 'another rule lets it in'
Add-Row $NamesR7 (Join-Hash $Reached @{ 'Firewall.Rules' = @() }) R7 'in order' 'another rule lets it in'
Add-Row $NamesR7 (Join-Hash $Reached @{ 'Firewall.Blocks.Items' = @('Block RDP') }) R7 'blocked' 'Block RDP'
Add-Row $NamesR7 (Join-Hash $Reached @{ 'Request.Why' = 'RDP-TCP-TIMEOUT' }) R7 'blocked' '-AdminNetwork'
Add-Row $NamesR7 @{ 'Request.Remedies' = @(); 'Request.Only' = @('R7'); 'Request.Why' = 'RDP-TCP-TIMEOUT' } R7 'would be done'
Add-Row $NamesR7 @{ 'Request.AdminNetwork' = @() } R7 'blocked' '-AdminNetwork'
Add-Row $NamesR7 @{ 'Firewall.Rules.0.Action' = 'Block' } R7 'blocked' 'made to block'
Add-Row $NamesR7 @{ 'Firewall.Rules.0.LocalPort' = '3390' } R7 'blocked' 'a rule of its own'
Add-Row $NamesR7 @{ 'Firewall.Rules' = @() } R7 'blocked' 'by hand'
Add-Row $NamesR7 @{ 'Firewall.Networks' = @('Public') } R7 'blocked' 'Public'
Add-Row $NamesR7 @{ 'Firewall.Networks' = @() } R7 'unknown' 'networks'
Add-Row $NamesR7 @{ 'Firewall.Profiles' = @() } R7 'unknown' 'profiles'
Add-Row $NamesR7 @{ 'Request.NetworkProfile' = 'Private' } R7 'blocked' 'Private'
Add-Row $NamesR7 @{ 'Firewall.Profiles.0.Inbound' = 'False' } R7 'blocked' 'inbound'
Add-Row $NamesR7 @{ 'Firewall.Profiles.0.LocalRules' = 'False' } R7 'blocked' 'policy'
Add-Row $NamesR7 @{ 'Firewall.Profiles.0.Enabled' = 'False' } R7 'in order' 'is off'
Add-Row $NamesR7 @{ 'Firewall.Blocks.Items' = @('Block RDP') } R7 'blocked' 'Block RDP'
Add-Row $NamesR7 @{ 'Firewall.Blocks' = $Unknown } R7 'would be done'
Add-Row $NamesR7 $Stopped R7 'would be done' 'after R8'
Add-Row $NamesR7 (Join-Hash $Stopped @{ 'Services.TermService.StartMode' = 'Disabled' }) R7 'blocked' 'R8 comes first'

# R9, R10, R11
Add-Row $NamesR9 @{} R9 'would be done' 'not in DNS'
Add-Row $NamesR9 @{ 'Request.Remedies' = @() } R9 'left alone' 'not named'
Add-Row $NamesR9 @{ 'Dns.Answers.0.Addresses' = @('10.0.0.99') } R9 'would be done' 'resolves to 10.0.0.99'
Add-Row $NamesR9 @{ 'Dns.Answers.0.Unknown' = '1460' } R9 'unknown' '1460'
Add-Row $NamesR9 @{ 'Dns.Answers' = @() } R9 'unknown'
Add-Row $NamesR9 @{ 'Addresses.Items' = @() } R9 'unknown'
Add-Row $NamesR9 @{ 'Dns.Registers' = $false } R9 'blocked' 'does not register'
Add-Row $NamesR9 $Expired R9 'would be done'
$V6 = @{ 'Dns.Answers.0.Addresses' = @('10.0.0.5', '2001:db8::5') }
Add-Row $V6 @{} R10 'in order'
Add-Row $V6 @{ 'Addresses.Ipv6Route' = $false } R10 'blocked' 'no IPv6 route'
Add-Row $V6 @{ 'Port.Owners' = @(@{ Address = '0.0.0.0'; ProcessId = 900; Program = '' }) } R10 'blocked' 'over IPv6'
Add-Row @{} @{ 'Dns.Answers.0.Addresses' = @('10.0.0.5', '2001:db8::9') } R10 'blocked' '2001:db8::9'
Add-Row @{} @{ 'Dns.Answers.0.Unknown' = '1460' } R10 'unknown'
Add-Row @{} @{ 'Identity.InDomain' = $false } R11 'in order'
Add-Row @{} @{ 'Identity.InDomain' = $null } R11 'unknown'
Add-Row @{} @{ 'Ntlm.Restricted' = 2 } R11 'blocked' 'refuses NTLM'

# R13, R14, R15, R20
Add-Row @{} @{ 'Identity.Build' = 14393; 'Identity.Revision' = 2247 } R13 'blocked' 'CVE-2018-0886'
Add-Row @{} @{ 'Identity.Build' = 14393; 'Identity.Revision' = 2248 } R13 'in order'
Add-Row @{} @{ 'Identity.Build' = 9600 } R13 'unknown'
Add-Row @{} @{ 'Identity.Build' = $null } R13 'unknown'
Add-Row @{} @{ 'Updates.EncryptionOracle' = 2 } R13 'blocked' 'AllowEncryptionOracle'
Add-Row @{} @{ 'Events.1006' = @{ Count = 3 } } R14 'blocked' '3 times'
Add-Row @{} @{ 'Settings.MaxOutstandingConnections.Value' = 65536 } R14 'blocked' '65536'
Add-Row @{} @{ 'Deployment.RedirectionAddress' = '10.0.0.77' } R15 'blocked' '10.0.0.77'
Add-Row @{} @{ 'Deployment.RedirectionAddress' = '10.0.0.5' } R15 'in order'
Add-Row @{} @{ 'Request.FarmDifferences' = @('Served.Thumbprint is A') } R15 'blocked' 'Served'
Add-Row @{} @{ 'Identity.Build' = 9600; 'Identity.Caption' = 'Microsoft Windows Server 2012 R2' } R20 'blocked' '2023-10-10'
Add-Row @{} @{ 'Identity.Build' = 19045; 'Identity.Caption' = 'Microsoft Windows 10 Pro' } R20 'blocked' '2025-10-14'
Add-Row @{} @{ 'Identity.Build' = 99999 } R20 'in order'
Add-Row @{} @{ 'Identity.Build' = $null } R20 'unknown'
