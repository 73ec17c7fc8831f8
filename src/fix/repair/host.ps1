# What runs on a host before anything else: functions that read. They are sent once to each session.
$HostFunctions = {
    $global:RdpServer = 'HKLM:\SYSTEM\CurrentControlSet\Control\Terminal Server'
    $global:RdpStations = "$RdpServer\WinStations"
    $global:RdpTcp = "$RdpStations\RDP-Tcp"
    $global:RdpPolicy = 'HKLM:\SOFTWARE\Policies\Microsoft\Windows NT\Terminal Services'
    $global:RdpProfiles = 'HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\ProfileList'
    $global:RdpCrypto = Join-Path -Path $env:ProgramData -ChildPath 'Microsoft\Crypto'
    $global:RdpKeyFolder = Join-Path -Path $RdpCrypto -ChildPath 'RSA\MachineKeys'
    # NETWORK SERVICE, the service TermService, and the groups that both belong to.
    $global:RdpReaders = 'S-1-5-20', 'S-1-5-80-446051430-1559341753-4161941529-1950928533-810483104', 'S-1-1-0', 'S-1-5-11',
        'S-1-5-32-545', 'S-1-5-6'

    # A fact, or why it is unknown.
    function global:Read-Fact {
        param([scriptblock] $Reading)
        try { & $Reading }
        catch { @{ Unknown = [string]$_.Exception.Message } }
    }

    function global:Invoke-RdpProgram {
        param([string] $Program, [string[]] $Words)
        $ErrorActionPreference = 'Continue'
        $Text = (& $Program $Words 2>&1 | ForEach-Object { "$_" }) -join ' '
        @{ Code = $LASTEXITCODE; Text = $Text.Trim() }
    }

    # What a command finds; nothing where it says that there is no such thing. What cannot be read is thrown.
    function global:Find-RdpItem {
        param([scriptblock] $Finding)
        try { & $Finding }
        catch {
            $IsAbsent = [string]$_.CategoryInfo.Category -eq 'ObjectNotFound'
            foreach ($Type in 'CommandNotFoundException', 'DriveNotFoundException') {
                $IsAbsent = $IsAbsent -and ($_.Exception.GetType().Name -ne $Type)
            }
            if (-not $IsAbsent) { throw }
        }
    }

    # A registry value with its kind, unexpanded; bytes as hexadecimal text. A key that may not be read is no key that is absent.
    function global:Read-RdpValue {
        param([string] $Path, [string] $Name)
        $Key = Find-RdpItem { Get-Item -LiteralPath $Path -ErrorAction Stop }
        $Exists = [bool]($Key -and (@($Key.GetValueNames()) -contains $Name))
        $Kind = ''
        $Value = $null
        if ($Exists) {
            $Kind = [string]$Key.GetValueKind($Name)
            $Value = $Key.GetValue($Name, $null, [Microsoft.Win32.RegistryValueOptions]::DoNotExpandEnvironmentNames)
            if ($Kind -eq 'Binary') { $Value = ([System.BitConverter]::ToString([byte[]]$Value)) -replace '-', '' }
        }
        @{ Path = $Path; Name = $Name; Exists = $Exists; Kind = $Kind; Value = $Value }
    }

    # What entries for these accounts allow and deny. Entries that are only passed on to files below do not count.
    function global:Measure-RdpRight {
        param([string] $Path, [string[]] $Sids)
        $Allowed = 0
        $Denied = 0
        $Rules = (Get-Acl -LiteralPath $Path -ErrorAction Stop).GetAccessRules($true, $true, [System.Security.Principal.SecurityIdentifier])
        foreach ($Rule in $Rules) {
            if (($Sids -notcontains $Rule.IdentityReference.Value) -or ([int]$Rule.PropagationFlags -band 2)) { continue }
            $Mask = [int]$Rule.FileSystemRights
            # Generic rights are stored as they were given.
            if ($Mask -band 0x10000000) { $Mask = $Mask -bor 0x1F01FF }
            if ($Mask -band 0x40000000) { $Mask = $Mask -bor 0x120116 }
            if ($Mask -band [int]::MinValue) { $Mask = $Mask -bor 0x120089 }
            if ([string]$Rule.AccessControlType -eq 'Deny') { $Denied = $Denied -bor $Mask } else { $Allowed = $Allowed -bor $Mask }
        }
        @{ Allowed = $Allowed; Denied = $Denied }
    }

    # Rights of a file or folder: Access is 'readable', 'denied' or 'absent'; Lacks has the SIDs whose rights are missing.
    function global:Read-RdpSecurity {
        param([string] $Path, [object[]] $Needs)
        $Security = @{ Path = $Path; Access = 'readable'; Owner = ''; Sddl = ''; Lacks = @(); Denies = @() }
        if (-not (Test-Path -LiteralPath $Path)) { $Security.Access = 'absent'; return $Security }
        try {
            $Acl = Get-Acl -LiteralPath $Path -ErrorAction Stop
            $Security.Owner = [string]$Acl.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
            $Security.Sddl = [string]$Acl.GetSecurityDescriptorSddlForm('Access')
            foreach ($Need in $Needs) {
                $Right = Measure-RdpRight -Path $Path -Sids $Need.Sids
                if ($Right.Denied -band $Need.Mask) { $Security.Denies += $Need.Sids[0] }
                elseif (($Right.Allowed -band $Need.Mask) -ne $Need.Mask) { $Security.Lacks += $Need.Sids[0] }
            }
        }
        catch {
            if (-not (Test-RdpDenied -Exception $_.Exception)) { throw }
            $Security.Access = 'denied'
            # The owner may be readable where the rights are not. Without it, ownership could not be given back.
            try {
                $Acl = (Get-Item -LiteralPath $Path -Force -ErrorAction Stop).GetAccessControl('Owner')
                $Security.Owner = [string]$Acl.GetOwner([System.Security.Principal.SecurityIdentifier]).Value
            }
            catch { $Security.Owner = '' }
        }
        $Security
    }

    # The first error in a chain of exceptions with this HRESULT.
    function global:Test-RdpError {
        param($Exception, [int] $Result)
        while ($Exception) {
            if ($Exception.HResult -eq $Result) { return $true }
            $Exception = $Exception.InnerException
        }
        $false
    }

    # E_ACCESSDENIED, since the words of an error are in the language of Windows.
    function global:Test-RdpDenied {
        param($Exception)
        (Test-RdpError -Exception $Exception -Result -2147024891) -or ([string]$Exception.Message -match 'unauthori[sz]ed|denied')
    }

    # Whether NETWORK SERVICE can read the private key of a certificate: yes, no, gone or unknown; why, and the file.
    function global:Read-RdpKey {
        param([System.Security.Cryptography.X509Certificates.X509Certificate2] $Certificate)
        if (-not $Certificate.HasPrivateKey) { return @{ State = 'gone'; Why = 'it has no private key'; File = '' } }
        $Name = ''
        try {
            $Key = [System.Security.Cryptography.X509Certificates.RSACertificateExtensions]::GetRSAPrivateKey($Certificate)
            if (-not $Key) {
                $Key = [System.Security.Cryptography.X509Certificates.ECDsaCertificateExtensions]::GetECDsaPrivateKey($Certificate)
            }
            $Name = if ($Key.CspKeyContainerInfo) { $Key.CspKeyContainerInfo.UniqueKeyContainerName } else { $Key.Key.UniqueName }
        }
        catch {
            $Failure = $_.Exception
            # NTE_BAD_KEYSET
            if (Test-RdpError -Exception $Failure -Result -2146893802) {
                return @{ State = 'gone'; Why = 'the key cannot be opened (0x80090016)'; File = '' }
            }
            # Before .NET 4.6 there are no such extensions.
            try { $Name = $Certificate.PrivateKey.CspKeyContainerInfo.UniqueKeyContainerName }
            catch { return @{ State = 'unknown'; Why = "the key cannot be opened: $($Failure.Message)"; File = '' } }
        }
        if (-not $Name) { return @{ State = 'unknown'; Why = 'the key has no container name'; File = '' } }
        foreach ($Folder in 'RSA\MachineKeys', 'RSA\S-1-5-18', 'Keys', 'SystemKeys') {
            $File = Join-Path -Path (Join-Path -Path $RdpCrypto -ChildPath $Folder) -ChildPath $Name
            if (-not (Test-Path -LiteralPath $File)) { continue }
            $Security = Read-RdpSecurity -Path $File -Needs @{ Sids = $RdpReaders; Mask = 1 }
            $Why = if ($Security.Access -eq 'denied') { "access to $File is denied" }
            elseif ($Security.Denies) { "an entry denies NETWORK SERVICE to read $File" }
            elseif ($Security.Lacks) { "NETWORK SERVICE may not read $File" }
            return @{ State = $(if ($Why) { 'no' } else { 'yes' }); Why = $Why; File = $File; Denied = [bool]$Security.Denies }
        }
        # The container TSSecKeySet1 of Windows' own certificate is a file or nothing; other keys may be in a TPM.
        if ($Name -like 'f686aace6942fb7f7ceb231212eef4a4*') {
            $null = Get-ChildItem -LiteralPath $RdpKeyFolder -Force -ErrorAction Stop
            return @{ State = 'gone'; Why = 'the key file is missing'; File = '' }
        }
        @{ State = 'unknown'; Why = 'the key is in no file (TPM, HSM)'; File = '' }
    }

    # A TLS handshake with the listener of this host, as a client does it: X.224 with TLS and CredSSP, then TLS.
    # State: works, failed, off (security layer 0), or down (nothing listens).
    function global:Test-RdpListener {
        param([int] $Port, [string] $Address)
        if (-not $Address -or ($Address -eq '0.0.0.0') -or ($Address -eq '::')) { $Address = '127.0.0.1' }
        $Served = @{ State = 'failed'; Address = $Address; Thumbprint = ''; Protocol = ''; Why = '' }
        $Client = New-Object -TypeName System.Net.Sockets.TcpClient -ArgumentList ([System.Net.IPAddress]$Address).AddressFamily
        try {
            try {
                $Opening = $Client.BeginConnect($Address, $Port, $null, $null)
                if (-not $Opening.AsyncWaitHandle.WaitOne(5000)) { throw 'the connection timed out' }
                $Client.EndConnect($Opening)
            }
            catch { $Served.State = 'down'; $Served.Why = $_.Exception.Message; return $Served }
            $Client.ReceiveTimeout = 5000
            $Client.SendTimeout = 5000
            $Stream = $Client.GetStream()
            $Request = [byte[]](3, 0, 0, 19, 14, 0xE0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 3, 0, 0, 0)
            $Stream.Write($Request, 0, $Request.Length)
            $Answer = New-Object -TypeName byte[] -ArgumentList 19
            $Read = 0
            while ($Read -lt 19) {
                $More = $Stream.Read($Answer, $Read, 19 - $Read)
                if ($More -eq 0) { break }
                $Read += $More
            }
            if (($Read -lt 19) -or ($Answer[11] -eq 2 -and $Answer[15] -eq 0)) {
                $Served.State = 'off'
                $Served.Why = 'the listener does not negotiate TLS'
                if ($Read -eq 0) { $Served.State = 'failed' }
                return $Served
            }
            if ($Answer[11] -eq 3) {
                $Served.Why = "the listener refuses TLS (failure code $($Answer[15]))"
                if ($Answer[15] -eq 2) { $Served.State = 'off' }
                return $Served
            }
            $Tls = New-Object -TypeName System.Net.Security.SslStream -ArgumentList $Stream, $false,
                ([System.Net.Security.RemoteCertificateValidationCallback] { $true })
            $Versions = [System.Security.Authentication.SslProtocols]'None'
            try { $Tls.AuthenticateAsClient('localhost', $null, $Versions, $false) }
            catch [System.ArgumentException] {
                $Tls.AuthenticateAsClient('localhost', $null, [System.Security.Authentication.SslProtocols]'Tls, Tls11, Tls12', $false)
            }
            $Served.State = 'works'
            $Type = 'System.Security.Cryptography.X509Certificates.X509Certificate2'
            $Served.Thumbprint = (New-Object -TypeName $Type -ArgumentList $Tls.RemoteCertificate).Thumbprint
            $Served.Protocol = [string]$Tls.SslProtocol
        }
        catch { $Served.Why = [string]$_.Exception.GetBaseException().Message }
        finally { $Client.Close() }
        $Served
    }
}
